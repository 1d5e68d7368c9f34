namespace TurnServer.Actor;

/// <summary>The actor has failed on a bug; whether it took the request is unknown.</summary>
public sealed class ActorFailedException(Exception bug) : Exception("The actor has failed.", bug);

/// <summary>The actor's mailbox is full, or closed.</summary>
public sealed class ActorBusyException() : Exception("The actor's mailbox is full.");
