using TurnServer.Tests;

// The test runner does not use this entry point; it is for run.sh simulate and run.sh fuzz.
return await TestCommands.RunAsync(args, Console.Out);
