// The official SDK, bundled into one file that is loaded only when the command runs (build/vendored.ts).
export { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
export { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
