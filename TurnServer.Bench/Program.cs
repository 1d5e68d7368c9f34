using TurnServer.Bench.Cli;

return await new Commands().RunAsync(args, Console.Out);
