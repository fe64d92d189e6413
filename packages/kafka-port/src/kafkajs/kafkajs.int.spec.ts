import { kafkaConnection } from '@prorata/test-kit';
import { describeLogPort } from '../contract/logPort.contract.ts';
import { kafkaHarness } from './kafkaHarness.ts';

describeLogPort('kafkajs', () => kafkaHarness(kafkaConnection()));
