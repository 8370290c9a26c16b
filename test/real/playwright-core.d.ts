/**
 * What the tests use of playwright-core. Like Chromium, it may be missing, and the tests that need
 * it are then skipped.
 */
declare module 'playwright-core' {
  type Named = Readonly<{ name?: string | RegExp; exact?: boolean; level?: number }>;

  interface Locator {
    allInnerTexts(): Promise<string[]>;
    textContent(): Promise<string | null>;
    boundingBox(): Promise<{ y: number } | null>;
    evaluate<T>(
      run: (element: { click(): void; matches(selector: string): boolean }) => T,
    ): Promise<T>;
    fill(text: string): Promise<void>;
    first(): Locator;
    getByRole(role: string, named?: Named): Locator;
    count(): Promise<number>;
    isVisible(): Promise<boolean>;
    click(): Promise<void>;
    focus(): Promise<void>;
    waitFor(): Promise<void>;
  }

  interface Page {
    on(event: 'console', listener: (message: { text(): string }) => void): void;
    on(event: 'pageerror', listener: (error: Error) => void): void;
    on(
      event: 'dialog',
      listener: (dialog: { message(): string; dismiss(): Promise<void> }) => void,
    ): void;
    goto(url: string): Promise<unknown>;
    url(): string;
    title(): Promise<string>;
    evaluate<T>(expression: string): Promise<T>;
    locator(selector: string): Locator;
    getByRole(role: string, named?: Named): Locator;
    readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
    screenshot(
      options: Readonly<{
        path: string;
        fullPage: boolean;
        clip: Readonly<{ x: number; y: number; width: number; height: number }>;
      }>,
    ): Promise<unknown>;
    close(): Promise<void>;
  }

  interface Browser {
    newPage(
      options: Readonly<{
        viewport: Readonly<{ width: number; height: number }>;
        javaScriptEnabled: boolean;
      }>,
    ): Promise<Page>;
    close(): Promise<void>;
  }

  const chromium: {
    launch(options: Readonly<{ executablePath: string; args: string[] }>): Promise<Browser>;
  };
}
