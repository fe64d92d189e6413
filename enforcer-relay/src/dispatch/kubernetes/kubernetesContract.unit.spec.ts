import { capacity, concurrency } from '../testing/dispatchedSets.ts';
import { dispatcherContract } from '../testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../testing/dispatcher.contract.ts';
import { kubernetesDispatcher } from './kubernetesDispatcher.ts';
import { textInForce } from './manifestsInForce.ts';
import { accessTo, dispatcherTo, inNamespaces, resources, TOKEN } from './testing/clusterSample.ts';
import { clusterDouble } from './testing/clusterDouble.ts';

const dispatcher = dispatcherTo('https://cluster.example.test');

function open(): Promise<TargetUnderTest> {
  const double = clusterDouble(TOKEN, ['prod', 'prod-ads']);
  let writes = 0;
  return Promise.resolve({
    place() {
      const place = kubernetesDispatcher.place(dispatcher, accessTo(double));
      return {
        read: (signal) => place.read(signal),
        async write(text, former, signal) {
          await place.write(text, former, signal);
          writes++;
        },
      };
    },
    holds: () => Promise.resolve(textInForce(double.objects())),
    writes: () => writes,
    changeIt() {
      const quota = double.quotas.get('prod/prorata.moka.prod');
      if (quota !== undefined) quota.hard['requests.nvidia.com/gpu'] = '1k';
      return Promise.resolve();
    },
    setReachable: (isReachable) => void (double.isReachable = isReachable),
    close: () => Promise.resolve(),
  });
}

dispatcherContract('Kubernetes', {
  dispatcher,
  format: inNamespaces(kubernetesDispatcher.format(dispatcher, 'moka')),
  resources,
  limits: (amount) => [
    capacity('cpu', amount),
    capacity('memory', amount),
    capacity('gpu', amount),
    concurrency('jobs', amount),
  ],
  open,
  secrets: [TOKEN],
});
