import { install } from './one-address.ts';

install();
