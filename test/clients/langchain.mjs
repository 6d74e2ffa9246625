// @langchain/openai: node langchain.mjs http://host:port
import assert from 'node:assert/strict';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const address = process.argv[2];
const settings = { model: 'finintent-8m', apiKey: 'none', configuration: { baseURL: `${address}/v1` }, temperature: 3, maxTokens: 20, modelKwargs: { seed: 7 } };
const chat = new ChatOpenAI(settings);

const whole = await chat.invoke('什么是基金定投？');
assert.equal(whole.usage_metadata.output_tokens, 20);
assert.equal(whole.response_metadata.finish_reason, 'length');
let text = '';
for await (const chunk of await chat.stream('什么是基金定投？')) text += chunk.content;
assert.equal(text, whole.content);

const chosen = await chat.withStructuredOutput(z.object({ intent: z.enum(['买入', '卖出', '持有']) }), { method: 'jsonSchema' }).invoke('茅台还能买吗');
assert.ok(['买入', '卖出', '持有'].includes(chosen.intent));

const told = await new ChatOpenAI({ ...settings, logprobs: true, topLogprobs: 3 }).invoke('什么是基金定投？');
assert.equal(told.response_metadata.logprobs.content.length, 20);

await assert.rejects(
  chat.bindTools([{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }]).invoke('a'),
  error => /tools is not supported/.test(error.message));
console.log('langchain ok');
