using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>
/// Regression tests: shrunk inputs that the fuzzer has found, each with an odd reply or for a bug planted to test the
/// fuzzer.
/// </summary>
[Category("Process")]
internal sealed class HttpRegressionTests
{
    private FuzzedServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await FuzzedServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    // The listener sends 505 and then an empty 200.
    [TestCase("Read 2020485454502F322E300A0A", 505, TestName = "A_request_line_of_HTTP_2_only")]
    [TestCase("Read 504F535420202F20485454502F312E310A486F73743A740A436F6E74656E742D4C656E6774683A350A5472616E73"
        + "6665722D456E636F64696E673A6368756E6B65640A473A0D0A0D0A", 400,
        TestName = "Two_lengths_in_a_head_of_bare_lines")]
    [TestCase("Read 4F5054494F4E53202F20485454502F312E310A486F73743A780A0A", 204, TestName = "OPTIONS_in_bare_lines")]
    // Refused without a length; must not leak memory.
    [TestCase("Read 504F535420687474703A2F2F746573742F20485454502F312E310D0A486F73743A20748B73740D0A486F73743A20612C"
        + "20620D0A436F6E74656E592D4C656E6774683A20390D0A0D0A57414954203D203130", 411,
        TestName = "A_POST_without_a_length_and_with_two_hosts")]
    public async Task Server_AfterAFoundInput_StaysHealthy(string printed, int status)
    {
        var input = HttpInput.Parse(printed);
        Assert.That(await HttpFinding.CheckAsync(_server, input), Is.Null);
        await using var client = await RawHttp.ConnectAsync(_server.Child.Port);
        await client.SendAsync(input.Bytes);
        Assert.That((await client.ReadReplyAsync()).Status, Is.EqualTo(status));
    }
}
