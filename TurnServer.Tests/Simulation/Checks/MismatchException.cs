namespace TurnServer.Tests.Simulation;

/// <summary>The server did something else than expected.</summary>
internal sealed class MismatchException(string expected, string actual)
    : Exception($"expected {expected}, was {actual}")
{
    public string Expected => expected;

    public string Actual => actual;
}
