import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerBacklog } from './answer-backlog.ts';

test('answers that wait are summed up, until they are on their way with all that was written before them', () => {
  const backlog = new AnswerBacklog();
  assert.equal(backlog.answer(100, 0), 100);
  assert.equal(backlog.answer(100, 100), 200);
  assert.equal(backlog.answer(100, 200), 300);
  backlog.media(1000);
  assert.equal(backlog.answer(100, 1250), 400, 'not yet all of the first');
  assert.equal(backlog.answer(100, 1000), 400, 'the first is out, and stays counted for a while');
  backlog.media(1000);
  assert.equal(backlog.answer(100, 600), 200);
  assert.equal(backlog.answer(100, 0), 100);
});
