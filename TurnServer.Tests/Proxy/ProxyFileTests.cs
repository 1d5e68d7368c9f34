using System.Net;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Proxy;

/// <summary>The configuration files for reverse proxies.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ProxyFileTests
{
    [Test]
    public async Task Nginx_retries_a_request_on_a_closing_connection()
    {
        await using var upstream = new Upstream { ClosesReused = true };
        await using var proxy = await ReverseProxy.StartAsync("nginx", upstream.Port);
        using var http = ReverseProxy.CreateHttp(proxy.Http, HttpVersion.Version11);
        // Each worker has its own keep-alive connections, so that only some of these requests reuse one.
        for (var i = 0; i < 6; i++)
        {
            using var response = await http.PostAsync("/", new StringContent($"6,a,1,0,{i}"));
            Assert.That((int)response.StatusCode, Is.EqualTo(200));
        }

        Assert.That(upstream.Requests, Has.Count.GreaterThan(6));
    }

    [Test]
    public async Task Nginx_answers_ACME_challenges_over_plain_HTTP()
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
