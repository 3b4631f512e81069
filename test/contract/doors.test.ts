/** One contract for every door: what works in one host works in all. */
import { afterAll, beforeAll, describe } from 'vitest';
import { accessCases } from './cases/access.js';
import { browserCases } from './cases/browsers.js';
import { closingCases } from './cases/closing.js';
import { patientRefusalCases, refusalCases } from './cases/refusals.js';
import { ownHeaderCases, prefixCases, sharingCases } from './cases/sharing.js';
import { makeStage, type Stage } from './cases/stage.js';
import { transferCases } from './cases/transfers.js';
import { connectDoor } from './hosts/connect.js';
import { expressDoor } from './hosts/express.js';
import { honoDoor } from './hosts/hono.js';
import { nodeDoor } from './hosts/node.js';

const doors = [
  nodeDoor(''),
  nodeDoor('/git'),
  expressDoor(''),
  expressDoor('/git'),
  connectDoor,
  honoDoor(''),
  honoDoor('/git'),
];

let made: Stage;
const stage = (): Stage => made;

beforeAll(async () => {
  made = await makeStage();
});

afterAll(() => made.remove());

describe.each(doors)('$name', (door) => {
  describe('transfers', () => {
    transferCases(door, stage);
  });
  describe('access', () => {
    accessCases(door, stage);
  });
  describe('one URL space', () => {
    sharingCases(door, stage);
  });
  describe('browsers', () => {
    browserCases(door, stage);
  });
  describe('early refusals', () => {
    refusalCases(door, stage);
  });
  describe('closing', () => {
    closingCases(door, stage);
  });
});

describe.each(doors.filter(({ prefix }) => prefix !== ''))('$name', (door) => {
  prefixCases(door, stage);
});

describe.each(doors.filter(({ isOpinionated }) => !isOpinionated))('$name', (door) => {
  ownHeaderCases(door, stage);
  patientRefusalCases(door, stage);
});
