using System.Net;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Proxy;

/// <summary>The proxies' files themselves.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ProxyFileTests
{
    [Test]
    public async Task Nginx_sends_a_request_again_that_met_a_closing_connection()
    {
        await using var upstream = new Upstream { ClosesReused = true };
        await using var proxy = await ReverseProxy.StartAsync("nginx", upstream.Port);
        using var http = ReverseProxy.CreateHttp(proxy.Http, HttpVersion.Version11);
        // Each worker keeps connections of its own: some of these requests meet one that was kept.
        for (var i = 0; i < 6; i++)
        {
            using var response = await http.PostAsync("/", new StringContent($"6,a,1,0,{i}"));
            Assert.That((int)response.StatusCode, Is.EqualTo(200));
        }

        Assert.That(upstream.Requests, Has.Count.GreaterThan(6));
    }

    [Test]
    public async Task Nginx_answers_certbots_challenge_in_the_clear()
    {
        await using var upstream = new Upstream();
        await using var proxy = await ReverseProxy.StartAsync("nginx", upstream.Port);
        var folder = Path.Combine(proxy.Webroot, ".well-known", "acme-challenge");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), "proof");
        using var http = ReverseProxy.CreateHttp(proxy.Http, HttpVersion.Version11);
        Assert.That(await http.GetStringAsync("/.well-known/acme-challenge/token"), Is.EqualTo("proof"));
        Assert.That(upstream.Requests, Is.Empty);
    }
}
