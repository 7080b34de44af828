/** What `node --eval` runs to listen on a TCP port of every address; it takes each connection and ends it at once. */
export const listenScript = (port: number): string =>
  `require('node:net').createServer((socket) => socket.on('error', () => {}).end()).listen(${port}, '0.0.0.0');`;
