using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using TurnServer.Demo;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Demo;

/// <summary>The files of <c>--demo</c>, and their headers.</summary>
internal sealed partial class DemoFilesTests() : ServerFixture("--demo", "--host", "127.0.0.1")
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly Dictionary<string, string> Types = new()
    {
        [""] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml; charset=utf-8",
    };

    private static IEnumerable<string> Paths => DemoPage.Paths;

    [Test]
    public void Paths_are_those_of_the_page_and_of_the_web_client() => Assert.That(Paths, Is.SupersetOf(new[]
    {
        "/demo", "/demo/demo.css", "/demo/demo.js", "/demo/rules.js", "/demo/icon.svg", "/demo/client/turn-client.js",
    }));

    [TestCaseSource(nameof(Paths))]
    public async Task A_file_is_served_with_its_type_and_the_policy(string path)
    {
        using var http = new HttpClient();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var request = new HttpRequestMessage(method, new Uri(Server.Url, path));
            using var reply = await http.SendAsync(request);
            Assert.Multiple(() =>
            {
                Assert.That(reply.StatusCode, Is.EqualTo(HttpStatusCode.OK));
                Assert.That($"{reply.Content.Headers.ContentType}", Is.EqualTo(Types[Path.GetExtension(path)]));
                Assert.That(Only(reply, "Content-Security-Policy"), Is.EqualTo(Policy));
                Assert.That(Only(reply, "X-Content-Type-Options"), Is.EqualTo("nosniff"));
                Assert.That(Only(reply, "Cache-Control"), Is.EqualTo("no-store"));
                Assert.That(reply.Content.Headers.ContentLength, Is.EqualTo(DemoPage.Find(path)!.Body.Length));
            });
            var body = await reply.Content.ReadAsByteArrayAsync();
            Assert.That(body, Is.EqualTo(method == HttpMethod.Head ? [] : DemoPage.Find(path)!.Body));
        }
    }

    [TestCaseSource(nameof(Paths))]
    public void A_file_refers_by_relative_addresses_to_files_that_are_served(string path)
    {
        var text = Encoding.UTF8.GetString(DemoPage.Find(path)!.Body);
        foreach (var reference in ReferencePattern().Matches(text).Select(match => match.Groups[1].Value))
        {
            Assert.That(reference, Does.Not.StartWith("/").And.Not.Contain(":"));
            var target = new Uri(new Uri(Server.Url, path), reference).AbsolutePath;
            Assert.That(DemoPage.Find(target), Is.Not.Null, $"{path} refers to {reference}");
        }
    }

    [TestCase("/demo/")]
    [TestCase("/demo/nothing.js")]
    [TestCase("/demo/demo.html")]
    [TestCase("/demo/DemoPage.cs")]
    [TestCase("/demo/client/node.js")]
    [TestCase("/demo/client/../../status.js")]
    public async Task Other_paths_are_not_found(string path)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.GetAsync($"GET {path} HTTP/1.1")).Status, Is.EqualTo(404));
    }

    [Test]
    public void Start_says_where_the_demo_is() =>
        Assert.That(Server.Errors, Does.Contain($"Serving the demo on http://127.0.0.1:{Server.Port}/demo"));

    [Test]
    public async Task Without_the_flag_nothing_is_served()
    {
        await using var server = await ServerChild.StartAsync("--host", "127.0.0.1");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        foreach (var path in new[] { "/demo", "/demo/demo.js" })
        {
            var reply = await client.GetAsync($"GET {path} HTTP/1.1");
            Assert.That((reply.Status, reply.Body), Is.EqualTo((404, "not found")));
        }

        Assert.That(server.Errors, Does.Not.Contain("demo"));
    }

    private static string Only(HttpResponseMessage reply, string header) => reply.Headers.GetValues(header).Single();

    // What the page links to, and what the scripts import.
    [GeneratedRegex("(?:(?:href|src)=| from )\"([^\"]+)\"")]
    private static partial Regex ReferencePattern();
}
