// Sends the body of each request back.
import { createServer } from "node:http";

createServer((request, response) => {
    const chunks = [];
    request.on("data", chunk => chunks.push(chunk));
    request.on("end", () => response.end(Buffer.concat(chunks)));
}).listen(Number(process.argv[2]));
