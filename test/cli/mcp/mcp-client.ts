import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { onTestFinished } from 'vitest';

/** What a tool answered. */
export interface Answered {
  readonly isError: boolean;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests read whatever a tool answers
  readonly json: any;
}

export interface McpRig {
  readonly client: Client;
  readonly tools: () => Promise<string[]>;
  readonly call: (name: string, input?: Record<string, unknown>) => Promise<Answered>;
}

/** Starts `ours-ingest mcp` in its own process and connects the official client to it. */
export async function startMcp(args: readonly string[], env: Record<string, string> = {}): Promise<McpRig> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['--import', 'tsx', '--disable-warning=DEP0205', 'src/cli/main.ts', 'mcp', ...args],
    env: { PATH: process.env.PATH ?? '', ...env },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'test', version: '1' });
  // The official client waits a minute for an answer by default; the test's own timeout is the limit.
  const options = { timeout: 10 * 60_000 };
  await client.connect(transport, options);
  onTestFinished(() => client.close());
  return {
    client,
    tools: async () => (await client.listTools({}, options)).tools.map(({ name }) => name),
    async call(name, input = {}) {
      const { content, isError } = await client.callTool({ name, arguments: input }, undefined, options);
      const [{ text = '' } = {}] = content as { text?: string }[];
      return { text, isError: isError === true, json: isError === true ? undefined : JSON.parse(text) };
    },
  };
}
