using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>
/// Values that an option refuses: one error names the option and its value. <see cref="RefusalTests"/> has what the
/// process makes of it.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WrongValueTests
{
    [TestCase("--port", "70000")]
    [TestCase("--port", "0")]
    [TestCase("--port", "abc")]
    [TestCase("--port", "-1")]
    [TestCase("--port", "")]
    [TestCase("-p", "65536")]
    [TestCase("--pairing-timeout", "-1")]
    [TestCase("--long-pairing-timeout", "0")]
    [TestCase("--load-timeout", "NaN")]
    [TestCase("--game-timeout", "soon")]
    [TestCase("--game-timeout", "1e3")]
    [TestCase("--body-timeout", "Infinity")]
    [TestCase("--body-timeout", "1,5")]
    [TestCase("--body-timeout", "86401")]
    [TestCase("--host", "example")]
    [TestCase("--host", "1.2.3.4.5")]
    [TestCase("--host", "::1")]
    [TestCase("--cors-origin", "game.example")]
    [TestCase("--cors-origin", "https://game.example/path")]
    [TestCase("--cors-origin", "ftp://game.example")]
    [TestCase("--keys", "even")]
    [TestCase("--log-level", "loud")]
    [TestCase("--log-format", "xml")]
    [TestCase("--max-wait", "2.5")]
    [TestCase("--max-wait", "-1")]
    [TestCase("--max-players", "0")]
    [TestCase("--max-games", "many")]
    [TestCase("--max-connections", "0")]
    [TestCase("--players-per-address", "-5")]
    [TestCase("--requests-per-second", "0.5")]
    [TestCase("--state-sync", "sometimes")]
    [TestCase("--restart-grace", "-1")]
    [TestCase("--restart-grace", "2592001")]
    [TestCase("--game-timeout", "2592001")]
    [TestCase("--verbose", "-3")]
    [TestCase("-v", "often")]
    [TestCase("--port", "80s")]
    [TestCase("--port", "+80")]
    [TestCase("--state", "")]
    [TestCase("--state", " ")]
    [TestCase("--state", "-x")]
    [TestCase("--state", "--verbose")]
    [TestCase("--host", "")]
    [TestCase("--host", " 127.0.0.1")]
    [TestCase("--host", "010.0.0.1")]
    [TestCase("--admin-host", "")]
    [TestCase("--cors-origin", "")]
    [TestCase("--cors-origin", "https://é.example")]
    public void A_wrong_value_is_one_error_that_names_it(string name, string value)
    {
        var errors = ServerFlags.ErrorsOf(name, value);
        Assert.That(errors, Has.Count.EqualTo(1));
        var longName = name switch { "-p" => "--port", "-v" => "--verbose", _ => name };
        Assert.That(errors[0], Does.StartWith(longName));
        Assert.That(errors[0], Does.Contain(value.Trim().Length == 0 ? $"{longName} '{value}': give" : value));
    }
}
