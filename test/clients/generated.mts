// A client whose types are generated from the OpenAPI document: it must typecheck, and call.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated.js';

const client = createClient<paths>({ baseUrl: process.argv[2] });

const intents = await client.POST('/v1/intent/classify', { body: { input: ['茅台还能买吗', { text: '大盘怎么样', id: 'b' }] } });
const first: components['schemas']['IntentAnswer'] | undefined = intents.data?.results[0];
const probability: number | undefined = first?.probability;
assert.ok(probability !== undefined && probability > 0 && probability <= 1);

const chat = await client.POST('/v1/chat/completions', {
  body: { messages: [{ role: 'user', content: [{ type: 'text', text: '你好' }] }], max_completion_tokens: 4, logprobs: true, top_logprobs: 2 },
});
assert.ok(typeof chat.data === 'object'); // a text is what a stream would be
const logprob: number | undefined = chat.data.choices[0].logprobs?.content[0].logprob;
assert.ok(logprob === undefined || logprob <= 0);

const refused = await client.POST('/v1/chat/completions', { body: { messages: [{ role: 'user', content: '你好' }], n: 2 } });
const param: string | null | undefined = refused.error?.error.param;
assert.equal(param, 'n');

const models = await client.GET('/v1/models');
const parent: string | null | undefined = models.data?.data[0].parent;
assert.equal(parent, null);
const labels = await client.POST('/predict', { body: { inputs: [['a'], ['b']] } });
assert.ok(labels.data);
console.log('generated client ok');
