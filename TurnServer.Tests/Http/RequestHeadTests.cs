using System.Text;
using CsCheck;
using TurnServer.Http;

namespace TurnServer.Tests.Http;

/// <summary>How request heads are delimited and rewritten for the listener.</summary>
internal sealed class RequestHeadTests
{
    private const string Post = "POST / HTTP/1.1\r\n";

    [TestCase(Post + "Host: x\r\nContent-Length: 5\r\nAccept: a\r\nAccept-Language: b\r\n\r\n")]
    [TestCase(Post + "host:x\ncontent-length:5\n\n")]
    [TestCase("\r\n\r\n" + Post + "Host: x\r\n\r\n")]
    [TestCase("GET http://game.example/x HTTP/1.1\r\nHost: game.example:8080\r\n\r\n")]
    [TestCase("GET /[::1] HTTP/1.1\r\nHost: x\r\nReferer: [::1]\r\n\r\n")]
    [TestCase("no request line\r\n\r\n")]
    [TestCase(Post + "no colon\r\n\r\n")]
    public void A_head_that_the_listener_reads_correctly_is_plain(string head) =>
        Assert.That(RequestHead.IsPlain(Encoding.Latin1.GetBytes(head)), Is.True);

    [TestCase("Prefer: wait=2\r\nPrefer: respond-async\r\n", "Prefer: wait=2, respond-async\r\n")]
    [TestCase("Prefer: wait=1\r\nHost: x\r\nPREFER:\twait=3\n", "Prefer: wait=1, wait=3\r\nHost: x\r\n")]
    [TestCase("Prefer : wait=1\r\n", "Prefer: wait=1\r\n")]
    [TestCase("X-Forwarded-For: a, b\r\nX-Forwarded-For:\r\nX-Forwarded-For: c\r\n", "X-Forwarded-For: a, b, c\r\n")]
    [TestCase("Connection: close\r\nConnection: TE\r\n", "Connection: close, TE\r\n")]
    [TestCase("Transfer-Encoding: chunked\r\nTransfer-Encoding: \r\n", "Transfer-Encoding: chunked\r\n")]
    [TestCase("Expect: 100-continue\r\nExpect: 100-Continue\r\n", "Expect: 100-continue\r\n")]
    [TestCase("Content-Length: 5\r\nContent-Length: 05\r\n", "Content-Length: 5\r\n")]
    [TestCase("Content-Length: 5, 5\r\n", "Content-Length: 5\r\n")]
    [TestCase("Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: malformed\r\n")]
    [TestCase("Content-Length: 5\r\nContent-Length:\r\n", "Content-Length: malformed\r\n")]
    [TestCase("Content-Length: +5\r\n", "Content-Length: malformed\r\n")]
    [TestCase("Content-Length: -0\r\n", "Content-Length: malformed\r\n")]
    [TestCase("Content-Length: 5 5\r\n", "Content-Length: malformed\r\n")]
    [TestCase("Content-Length: 000000000000000000000\r\n", "Content-Length: 0\r\n")]
    [TestCase("Content-Length: 18446744073709551615\r\n", "Content-Length: 9223372036854775807\r\n")]
    [TestCase("Content-Length: 99999999999999999999999\r\n", "Content-Length: 9223372036854775807\r\n")]
    [TestCase("Host: [::1]:8080\r\n", "Host: 127.0.0.1:8080\r\n")]
    [TestCase("Host: [2001:db8::1]\r\n", "Host: 127.0.0.1\r\n")]
    [TestCase("Host: [fe80::1%25eth0]:80\r\n", "Host: 127.0.0.1:80\r\n")]
    [TestCase("Host: [nonsense]\r\n", "Host: [nonsense]\r\n")]
    [TestCase("Host: [::1\r\n", "Host: [::1\r\n")]
    [TestCase("Host: a\r\nHost: b\r\n", "Host: a, b\r\n")]
    [TestCase("Host: a\r\nHost:\r\n", "Host: a, \r\n")]
    [TestCase("no colon\r\nA: 1\r\nA: 2\r\n", "no colon\r\nA: 1, 2\r\n")]
    public void Headers_are_rewritten_for_the_listener(string headers, string expected)
    {
        var head = Encoding.Latin1.GetBytes($"{Post}{headers}\r\n");
        Assert.That(RequestHead.IsPlain(head), Is.False);
        Assert.That(Encoding.Latin1.GetString(RequestHead.Rewrite(head)), Is.EqualTo($"{Post}{expected}\r\n"));
    }

    [TestCase("POST http://[::1]:8080/a?b HTTP/1.1", "POST /a?b HTTP/1.1")]
    [TestCase("POST HTTP://[::1] HTTP/1.1", "POST / HTTP/1.1")]
    [TestCase("OPTIONS * HTTP/1.1", "OPTIONS / HTTP/1.1")]
    [TestCase("POST http://[nonsense]/ HTTP/1.1", "POST http://[nonsense]/ HTTP/1.1")]
    [TestCase("POST ftp://[::1]/ HTTP/1.1", "POST ftp://[::1]/ HTTP/1.1")]
    public void A_target_is_rewritten_for_the_listener(string requestLine, string expected)
    {
        var head = Encoding.Latin1.GetBytes($"{requestLine}\r\nHost: x\r\n\r\n");
        Assert.That(RequestHead.IsPlain(head), Is.False);
        Assert.That(Encoding.Latin1.GetString(RequestHead.Rewrite(head)), Is.EqualTo($"{expected}\r\nHost: x\r\n\r\n"));
    }

    // The listener drops carriage returns: "Content-Length: 1" CR "2" would be 12.
    [TestCase("POST /\r HTTP/1.1\r\n\r\n")]
    [TestCase(Post + "Content-Length: 1\r2\r\n\r\n")]
    [TestCase(Post + "Content-\rLength: 1\r\n\r\n")]
    [TestCase(Post + "Host: x\r\r\n\r\n")]
    // The listener would read the body as a request.
    [TestCase(Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [TestCase(Post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void A_head_that_cannot_be_rewritten_is_malformed(string head)
    {
        var bytes = Encoding.Latin1.GetBytes(head);
        Assert.That(RequestHead.IsPlain(bytes), Is.False);
        Assert.That(RequestHead.Rewrite(bytes), Is.EqualTo(RequestHead.Malformed.ToArray()));
    }

    [Test]
    public void A_head_with_many_headers_keeps_them_all()
    {
        var headers = string.Concat(Enumerable.Range(0, 1000).Select(name => $"X-{name}: {name}\r\n"));
        var head = Encoding.Latin1.GetBytes($"{Post}{headers}X-7: again\r\n\r\n");
        Assert.That(RequestHead.IsPlain(head), Is.False);
        Assert.That(Encoding.Latin1.GetString(RequestHead.Rewrite(head)),
            Is.EqualTo($"{Post}{headers.Replace("X-7: 7\r\n", "X-7: 7, again\r\n")}\r\n"));
    }

    [TestCase(Post + "Host: x\r\n\r\n", "body")]
    [TestCase(Post + "\n", "\n\n")]
    [TestCase("\n\r\n\r\r\nGET\r\na\r\n\r\r\n", "\r\n")]
    public void The_end_of_a_head_is_found_however_it_is_split(string head, string behind)
    {
        var bytes = Encoding.Latin1.GetBytes(head + behind);
        Gen.Int[1, bytes.Length].Array[0, 6].Sample(cuts =>
        {
            var end = default(HeadEndFinder);
            foreach (var cut in cuts.Order().Append(bytes.Length))
            {
                var found = end.Find(bytes.AsSpan(0, cut));
                Assert.That(found, Is.EqualTo(cut < head.Length ? -1 : head.Length), $"at {cut}");
                if (found >= 0)
                    break;
            }
        });
    }

    [Test]
    public void A_rewritten_head_is_plain()
    {
        string[] firsts = ["POST / HTTP/1.1", "POST http://[::1]/ HTTP/1.1", "POST * HTTP/1.1", "*", "x"];
        string[] names = ["Host", "Prefer", "Content-Length", "content-length ", "X", "x", "", "Expect", "Host\r"];
        string[] colons = [": ", ":", "", ":\t"];
        string[] values = ["5", "[::1]:1", "wait=1", "", "+5", "a,b", "\r"];
        var line = Gen.Select(OneOf(names), OneOf(colons), OneOf(values), (name, colon, value) => name + colon + value);
        Gen.Select(OneOf(firsts), line.Array[0, 8])
            .Sample((first, lines) =>
            {
                var headers = string.Concat(lines.Select(text => text + "\r\n"));
                var head = Encoding.Latin1.GetBytes($"{first}\r\n{headers}\r\n");
                if (RequestHead.IsPlain(head))
                    return true;
                var rewritten = RequestHead.Rewrite(head);
                // Except where the listener rejects it anyway.
                return RequestHead.IsPlain(rewritten) || rewritten.AsSpan().SequenceEqual(RequestHead.Malformed)
                    || Encoding.Latin1.GetString(rewritten) is var text && (text.Contains("malformed")
                        || first is "*" || text.Contains("Host: [") || text.Contains(", ["));
            });
    }

    private static Gen<string> OneOf(string[] texts) => Gen.Int[0, texts.Length - 1].Select(index => texts[index]);
}
