// Preloaded into the program under test (`--require`): each SIGUSR2 starts or stops blocking its
// event loop.

const BLOCK_MS = 5;
const PAUSE_MS = 1;

let timer;

function block() {
  const end = performance.now() + BLOCK_MS;
  while (performance.now() < end);
  timer = setTimeout(block, PAUSE_MS);
}

process.on('SIGUSR2', () => {
  if (timer === undefined) return block();
  clearTimeout(timer);
  timer = undefined;
});
