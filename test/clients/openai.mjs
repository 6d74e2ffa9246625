// The openai package: node openai.mjs http://host:port
import assert from 'node:assert/strict';
import http from 'node:http';
import OpenAI from 'openai';

const address = process.argv[2];
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none' });
const model = (await client.models.list()).data[0].id;
const messages = [{ role: 'user', content: '什么是基金定投？' }];
const wild = { model, messages, temperature: 3, seed: 7, max_completion_tokens: 24 };

// Chat, whole and streamed.
const whole = await client.chat.completions.create(wild);
assert.equal(whole.choices[0].finish_reason, 'length');
assert.equal(whole.usage.completion_tokens, 24);
let text = '', usage = null;
for await (const chunk of await client.chat.completions.create({ ...wild, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(text, whole.choices[0].message.content);
assert.deepEqual(usage, whole.usage);

// The helper that puts a stream together.
const stream = client.chat.completions.stream({ ...wild, logprobs: true, top_logprobs: 2 });
const put = await stream.finalChatCompletion();
assert.equal(put.choices[0].message.content, text);
assert.equal(put.choices[0].logprobs.content.length, 24);

// Log-probabilities.
const told = await client.chat.completions.create({ ...wild, logprobs: true, top_logprobs: 5 });
assert.equal(told.choices[0].logprobs.content.length, 24);
assert.ok(told.choices[0].logprobs.content.every(token => token.top_logprobs.length === 5 && token.logprob <= 0));
const bytes = Buffer.from(told.choices[0].logprobs.content.flatMap(token => token.bytes ?? []));
assert.equal(bytes.toString('utf8').trimStart(), text);

// Choices: vLLM's field, and a JSON schema as OpenAI has it.
const chosen = await client.chat.completions.create({ model, messages, structured_outputs: { choice: ['买入', '卖出'] }, logprobs: true });
assert.ok(['买入', '卖出'].includes(chosen.choices[0].message.content));
assert.equal(chosen.finintent.choices.length, 2);
assert.ok(chosen.choices[0].logprobs.content.some(token => token.top_logprobs.length === 2));
const schema = { type: 'object', properties: { intent: { type: 'string', enum: ['buy', 'sell'] } }, required: ['intent'], additionalProperties: false };
const json = await client.chat.completions.parse({
  model, messages, response_format: { type: 'json_schema', json_schema: { name: 'intent', strict: true, schema } },
});
assert.ok(['buy', 'sell'].includes(JSON.parse(json.choices[0].message.content).intent));

// Completions.
const completion = await client.completions.create({ model, prompt: ['基金', 'the bank'], max_tokens: 4, temperature: 0, logprobs: 2 });
assert.deepEqual(completion.choices.map(choice => choice.index), [0, 1]);
assert.ok(completion.choices[0].logprobs.tokens.length <= 4);

// Errors keep their kind and their words.
await assert.rejects(client.chat.completions.create({ model, messages, n: 2 }), error =>
  error instanceof OpenAI.BadRequestError && error.param === 'n' && error.code === 'unsupported_parameter');
await assert.rejects(client.chat.completions.create({ model: 'nobody', messages }), OpenAI.NotFoundError);

// An aborted stream ends, and the server goes on.
const aborted = await client.chat.completions.create({ ...wild, max_completion_tokens: 900, stream: true });
for await (const _ of aborted) { aborted.controller.abort(); }
assert.equal((await client.chat.completions.create({ ...wild, max_completion_tokens: 1 })).usage.completion_tokens, 1);

// It asks again after 429: many at once against a server whose queue is small, through a proxy that counts.
let full = 0;
const proxy = http.createServer((request, response) => {
  const { hostname, port } = new URL(address);
  const onward = http.request({ hostname, port, path: request.url, method: request.method, headers: { ...request.headers, host: `${hostname}:${port}` } }, answer => {
    if (answer.statusCode === 429) { full++; assert.ok(answer.headers['retry-after-ms'] && answer.headers['retry-after']); }
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  request.pipe(onward);
}).listen(0, '127.0.0.1');
await new Promise(listening => proxy.once('listening', listening));
const patient = new OpenAI({ baseURL: `http://127.0.0.1:${proxy.address().port}/v1`, apiKey: 'none', maxRetries: 500 });
const answers = await Promise.all(Array.from({ length: 24 }, (_, seed) => patient.chat.completions.create({ ...wild, seed })));
assert.equal(answers.length, 24);
assert.ok(full > 0, 'the server was never full');
proxy.close(); proxy.closeAllConnections();
console.log(`openai ok; ${full} answers of 429 were asked again`);
