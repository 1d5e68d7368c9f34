namespace TurnServer.Tests;

/// <summary>Sets up what all tests and the processes they start share, and removes what they leave.</summary>
[SetUpFixture]
internal sealed class TestEnvironment
{
    private string _temporary = "";

    [OneTimeSetUp]
    public void SetUp()
    {
        // A killed process leaves its pipes for debuggers behind. The installed server has none either.
        Environment.SetEnvironmentVariable("DOTNET_EnableDiagnostics", "0");
        _temporary = Directory.CreateTempSubdirectory("turnserver-tests-").FullName;
        // Some tests run the server as another user.
        File.SetUnixFileMode(_temporary, (UnixFileMode)Convert.ToInt32("755", 8));
        Environment.SetEnvironmentVariable("TMPDIR", _temporary);
    }

    [OneTimeTearDown]
    public void TearDown()
    {
        try
        {
            Directory.Delete(_temporary, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TestContext.Progress.WriteLine($"Cannot remove {_temporary}: {e.Message}");
        }
    }
}
