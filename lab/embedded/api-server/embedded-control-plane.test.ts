import { controlPlaneContract } from '../../contract/control-plane-contract.ts';
import { EmbeddedApiServer } from './embedded-api-server.ts';

controlPlaneContract('EmbeddedApiServer', async () => {
  const controlPlane = await EmbeddedApiServer.start({ address: '127.0.0.1', port: 0 });
  return {
    controlPlane,
    reader: await controlPlane.issueToken('reader'),
    close: () => controlPlane.close(),
  };
});
