namespace TurnServer.Cli;

/// <summary>What the process says when it ends; listed in <c>--help</c>.</summary>
internal static class ExitCode
{
    /// <summary>Stopped as asked to.</summary>
    public const int Ok = 0;

    /// <summary>Cannot listen where it was told to.</summary>
    public const int CannotListen = 1;

    /// <summary>A flag, or a variable of the environment, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Failed on a bug: the service manager should start it again.</summary>
    public const int Failed = 3;
}
