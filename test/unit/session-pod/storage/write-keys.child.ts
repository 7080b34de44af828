import { openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';

// Writes batches of three keys, and says each number once its batch is written, until it is killed.
const [directory = ''] = process.argv.slice(2);
const store = openCredentialStore(directory);
store.writeCredentials('{}');
for (let number = 1; ; number += 1) {
  store.writeKeys(['a', 'b', 'c'].map((id) => ({ type: 'session', id, value: `${number}` })));
  process.stdout.write(`${number}\n`);
}
