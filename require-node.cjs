// Preloaded by `npm start` and `npm run demo`. It is plain JavaScript, so that an older Node
// reports the problem.
const { engines } = require('./package.json');

const required = Number(/\d+/.exec(engines.node));
if (Number.parseInt(process.versions.node, 10) < required) {
  process.stderr.write(
    `kubenurse requires Node ${required} or later, and this is ${process.versions.node}. ` +
      'npm ci installs it for npm start and npm run demo (unless optional dependencies are omitted).\n',
  );
  process.exit(1);
}
