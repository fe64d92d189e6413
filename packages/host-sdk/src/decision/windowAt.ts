import type { WindowForm } from '@prorata/quota-model/hosts';
import { calendarOf } from './calendarPeriods.ts';

/** The half-open window that holds the moment, in microseconds since the epoch. */
export function windowAt(form: WindowForm, wallMicros: number): { start: number; end: number } {
  if (form.kind === 'calendar') return calendarOf(form).at(wallMicros);
  if (form.kind === 'fixed') {
    const start = Math.floor(wallMicros / form.micros) * form.micros;
    return { start, end: start + form.micros };
  }
  const date = new Date(wallMicros / 1000);
  const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  const first = Math.floor(month / form.months) * form.months;
  return { start: Date.UTC(1970, first) * 1000, end: Date.UTC(1970, first + form.months) * 1000 };
}

export function sameWindow(a: WindowForm, b: WindowForm): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
