namespace TurnServer.Journal;

/// <summary>
/// The state directory cannot be read, written or locked. The message tells the operator why.
/// </summary>
public class StateException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The system's error message without its full stop, to be part of a sentence.</summary>
    internal static string Reason(Exception e) => e.Message.TrimEnd('.');
}

/// <summary>
/// The state is intact, but this version of the server cannot read it; restarting will not help.
/// </summary>
public sealed class StateVersionException(string message) : StateException(message);

/// <summary>
/// The state's files are damaged; restarting will not help.
/// </summary>
public sealed class StateDamagedException(string message, Exception? inner = null) : StateException(message, inner);
