using TurnServer.Bench;

return await Commands.Parse(args).InvokeAsync();
