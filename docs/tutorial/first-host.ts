// A program that asks before each request. It needs GATEWAY and TOKEN, and the tutorial's quotas.
import { httpRules, httpUsage, isAdmitted, startHost } from '@prorata/host-sdk';

const connection = { url: process.env['GATEWAY'] ?? '', token: process.env['TOKEN'] ?? '' };
const host = await startHost({
  application: 'moka',
  rules: httpRules(connection),
  usage: httpUsage(connection),
});
const ads = host.bind({ quota: 'moka/prod/ads' });
let served = 0;
for (let request = 0; request < 1000; request += 1) {
  if (isAdmitted(ads.take('requests', 1))) served += 1;
}
console.log(`${served} of 1000 served; then ${host.last.reason} by ${host.last.quotaId}`);
const { lastRejection } = host.status();
if (lastRejection !== null) {
  console.error(
    `The token was rejected: ${lastRejection.message} ./prorata token prints a fresh one.`,
  );
  process.exitCode = 1;
}
await host.stop();
