import { Option } from 'commander';
import { outputForms } from '../output/answerAs.ts';

/** `-o json` is one line, for scripts; `-o yaml` for people who want all of it. */
export const outputOption = (): Option =>
  new Option('-o, --output <form>', 'lines for people, or all of it as data')
    .choices(outputForms)
    .default('table');
