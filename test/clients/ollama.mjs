// The ollama package: node ollama.mjs http://host:port
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';

const ollama = new Ollama({ host: process.argv[2] });
const model = (await ollama.list()).models[0].name;
assert.ok((await ollama.show({ model })).details.family);
const request = { model, messages: [{ role: 'user', content: '什么是基金定投？' }], options: { temperature: 3, top_k: 0, top_p: 1, seed: 7, num_predict: 20 } };

const whole = await ollama.chat(request);
assert.equal(whole.done_reason, 'length');
assert.equal(whole.eval_count, 20);
let text = '', last = null;
for await (const part of await ollama.chat({ ...request, stream: true })) { text += part.message.content; last = part; }
assert.equal(text, whole.message.content);
assert.ok(last.done && last.total_duration > 0);

const told = await ollama.chat({ ...request, logprobs: true, top_logprobs: 3 });
assert.equal(told.logprobs.length, 20);
assert.equal(told.logprobs[0].top_logprobs.length, 3);

const format = { type: 'object', properties: { intent: { type: 'string', enum: ['买入', '卖出'] } }, required: ['intent'] };
const chosen = await ollama.chat({ ...request, format });
assert.ok(['买入', '卖出'].includes(JSON.parse(chosen.message.content).intent));

await assert.rejects(ollama.chat({ ...request, model: 'nobody' }), error => error.status_code === 404 && /there is no model/.test(error.message));
await assert.rejects(ollama.chat({ ...request, format: 'json' }), error => error.status_code === 400 && /format is not supported/.test(error.message));

const aborted = await ollama.chat({ ...request, options: { ...request.options, num_predict: 900 }, stream: true });
await assert.rejects(async () => { for await (const _ of aborted) aborted.abort(); }, { name: 'AbortError' });
console.log('ollama ok');
