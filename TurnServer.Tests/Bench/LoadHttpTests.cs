using System.Text;
using TurnServer.Bench.Load;
using TurnServer.Bench.Load.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>What carries the load test's requests.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
public sealed class LoadHttpTests
{
    private const string Head = "HTTP/1.1 429 Too Many\r\ncontent-length: 6\r\nRetry-After: 1\r\n"
        + "Preference-Applied: wait=20\r\nConnection: close\r\n\r\n";

    [Test]
    public void TryParse_AWholeHead_FindsWhatCounts()
    {
        var isWhole = LeanHead.TryParse(Encoding.ASCII.GetBytes(Head + "22/*/*"), out var head);
        Assert.Multiple(() =>
        {
            Assert.That(isWhole, Is.True);
            Assert.That(head, Is.EqualTo(new LeanHead(429, Head.Length, 6, IsLast: true, WasHeld: true, "1")));
        });
    }

    [Test]
    public void TryParse_EveryPrefix_IsNotWhole()
    {
        for (var length = 0; length < Head.Length; length++)
            Assert.That(LeanHead.TryParse(Encoding.ASCII.GetBytes(Head[..length]), out _), Is.False, Head[..length]);
    }

    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [TestCase("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    public void TryParse_WhatNoTurnServerAnswers_Throws(string head) =>
        Assert.That(() => LeanHead.TryParse(Encoding.ASCII.GetBytes(head), out _),
            Throws.InstanceOf<HttpRequestException>());

    [Test]
    public async Task Send_OneAfterTheOther_IsAnsweredOnOneConnectionAndByName()
    {
        await using var server = await ServerChild.StartAsync();
        var url = $"http://localhost:{server.Port}/any?path";
        using var http = LoadHttp.Create(OptionsFor(new Uri(url), loss: 0));
        var sockets = 0;
        for (var i = 0; i < 20; i++)
        {
            Assert.That(await AskAsync(http, url, "5,*,1,0,*"), Is.EqualTo("13/*/*"));
            sockets = i == 0 ? server.Sockets : sockets;
        }

        // Each new connection would be one more.
        Assert.That(server.Sockets, Is.AtMost(sockets));
    }

    [Test]
    public async Task Send_WithLoss_DropsRepliesAfterTheServerHasAnswered()
    {
        await using var server = await ServerChild.StartAsync("--max-players", "20");
        using var lossless = LoadHttp.Create(OptionsFor(server.Url, loss: 0));
        using var lossy = LoadHttp.CreateLossy(OptionsFor(server.Url, loss: 0.5));
        var dropped = 0;
        for (var i = 0; i < 20; i++)
        {
            try
            {
                await AskAsync(lossy, server.Url.ToString(), $"0,name{i},*,*,*");
            }
            catch (HttpRequestException e) when (e.Message == LossyHandler.Reason)
            {
                dropped++;
            }
        }

        Assert.That(dropped, Is.InRange(1, 19));
        // All twenty are registered: there is room for no more.
        Assert.That(await AskAsync(lossless, server.Url.ToString(), "0,one more,*,*,*"), Is.EqualTo("11/*/*"));
    }

    private static LoadOptions OptionsFor(Uri url, double loss) => new()
    {
        Settings = new LoadSettings(url, Clients: 2, Rate: 1, TimeSpan.FromSeconds(1), Wait: false, loss),
    };

    private static async Task<string> AskAsync(HttpMessageInvoker http, string url, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        using var response = await http.SendAsync(request, CancellationToken.None);
        return await response.Content.ReadAsStringAsync();
    }
}
