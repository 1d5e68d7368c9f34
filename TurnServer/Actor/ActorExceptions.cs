namespace TurnServer.Actor;

/// <summary>The actor met a bug and has ended; nothing of the request is known to have been taken.</summary>
public sealed class ActorFailedException(Exception bug) : Exception("The actor has failed.", bug);

/// <summary>The actor's mailbox is full, or closed.</summary>
public sealed class ActorBusyException() : Exception("The actor's mailbox is full.");
