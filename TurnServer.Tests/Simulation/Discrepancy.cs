namespace TurnServer.Tests.Simulation;

/// <summary>What came is not what is right.</summary>
internal sealed class Discrepancy(string expected, string came) : Exception($"expected {expected}, came {came}")
{
    public string Expected => expected;

    public string Came => came;
}
