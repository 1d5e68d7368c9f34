using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>The Unity package, apart from the rules for a seat and the games, which are the same for all clients.
/// </summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
internal sealed partial class UnityPackageTests
{
    private const string Page = "<html>hello</html>";

    private const string Saved = """
        {"version":1,"url":"URL","key":"17","seat":0,"partner":"Bob","isHost":true,"counter":0,"taken":1,"last":["a"],
        "unsent":[],"received":0,"unread":[]}
        """;

    // WebGL has one thread and no timers, and ahead-of-time compilation removes what only reflection uses. A task that
    // continues asynchronously may do so on a thread of the pool, which never runs there.
    private static readonly string[] NotOnWebGl =
    [
        "System.Threading.Thread", "System.Threading.Timer", "System.Timers.", "System.Threading.Channels.",
        "System.Threading.Tasks.Task.Run", "System.Threading.Tasks.Task.Delay", "System.Threading.Tasks.TaskFactory",
        "System.Threading.Tasks.TaskCreationOptions", "System.Threading.Tasks.Parallel", "System.Reflection.",
        "System.Net.",
    ];

    private static ClientProgram Program { get; } = ClientProgram.All.Single(program => program.Name == "Unity");

    [TestCase("NET_STANDARD_2_1")]
    [TestCase("NET_STANDARD_2_1 UNITY_WEBGL")]
    [TestCase("NET_STANDARD_2_1 UNITY_WEBGL UNITY_EDITOR")]
    [TestCase("NET_UNITY_4_8")]
    public void It_compiles_without_warnings(string symbols) =>
        Assert.That(UnityPackage.Compile(symbols.Split(' ')).GetDiagnostics(), Is.Empty);

    [Test]
    public void The_game_of_its_page_compiles()
    {
        var method = Repository.Block(Repository.Read("TurnServer/Client/unity/README.md"), "private async void");
        Assert.That(UnityPackage.Compile().AddSyntaxTrees(UnityPackage.Parse("README.md",
            $"using TurnServer.Client; using UnityEngine; internal class Ann : MonoBehaviour {{ {method} }}"))
            .GetDiagnostics(), Is.Empty);
    }

    [Test]
    public void On_WebGL_it_uses_neither_threads_nor_timers_nor_reflection()
    {
        var compilation = UnityPackage.Compile("NET_STANDARD_2_1", "UNITY_WEBGL");
        var uses = new HashSet<string>();
        foreach (var tree in compilation.SyntaxTrees.Where(tree => tree.FilePath.Contains("/Runtime/")))
        {
            var model = compilation.GetSemanticModel(tree);
            foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
            {
                if (model.GetTypeInfo(name).Type?.TypeKind == TypeKind.Dynamic)
                    uses.Add("dynamic");
                if (model.GetSymbolInfo(name).Symbol is { Kind: not SymbolKind.Namespace } symbol)
                    uses.Add(symbol.ToDisplayString());
            }
        }

        Assert.That(uses, Has.Some.StartsWith("System.Threading.Tasks.TaskCompletionSource"));
        Assert.That(uses.Where(use => use == "dynamic"
            || NotOnWebGl.Any(prefix => use.StartsWith(prefix, StringComparison.Ordinal))), Is.Empty);
    }

    // Unity ignores a file without one in a package that it cannot write to, as one from a Git URL.
    [Test]
    public void Each_asset_has_a_meta_file_with_a_GUID_of_its_own()
    {
        string[] all = [.. Directory.GetFileSystemEntries(UnityPackage.Folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(UnityPackage.Folder, path))
            .Where(path => !path.StartsWith("Samples~", StringComparison.Ordinal))];
        string[] metas = [.. all.Where(path => path.EndsWith(".meta", StringComparison.Ordinal))];
        Assert.That(metas, Is.EquivalentTo(all.Except(metas).Select(path => $"{path}.meta")));
        var guids = metas.Select(path => GuidPattern().Match(
            File.ReadAllText(Path.Combine(UnityPackage.Folder, path))).Groups[1].Value).ToList();
        Assert.That(guids, Has.All.Length.EqualTo(32));
        Assert.That(guids, Is.Unique);
    }

    [Test]
    public void Its_version_is_that_of_the_npm_package_and_its_samples_are_there()
    {
        using var package = JsonDocument.Parse(Repository.Read("TurnServer/Client/unity/package.json"));
        using var npm = JsonDocument.Parse(Repository.Read("TurnServer/Client/web/package.json"));
        Assert.That(package.RootElement.GetProperty("version").GetString(),
            Is.EqualTo(npm.RootElement.GetProperty("version").GetString()));
        foreach (var sample in package.RootElement.GetProperty("samples").EnumerateArray())
            Assert.That(Path.Combine(UnityPackage.Folder, sample.GetProperty("path").GetString()!), Does.Exist);
    }

    [Test]
    public void Its_kinds_of_faults_are_those_of_the_client_for_NET()
    {
        var kinds = UnityPackage.Compile().GetTypeByMetadataName("TurnServer.Client.TurnFaultKind")!;
        Assert.That(kinds.GetMembers().OfType<IFieldSymbol>().Select(field => field.Name),
            Is.EqualTo(Enum.GetNames<TurnFaultKind>()));
    }

    [TestCase("HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n" + Page, "notTurnServer")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n" + Page, "notTurnServer")]
    [TestCase("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "notTurnServer")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n0/3/X", "notTurnServer")]
    [TestCase("HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\n4/3/*", "invalidRequest")]
    public async Task Answer_that_is_final_is_reported_at_once(string answer, string kind)
    {
        await using var server = new CannedServer(answer);
        Assert.That(await RegisterAndResumeAsync(server.Url, "replyTimeout=60 patience=60"), Is.All.EqualTo(kind));
        Assert.That(server.Requests, Is.EqualTo(2));
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "unreachable")]
    [TestCase("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 18\r\n\r\n" + Page, "unreachable")]
    [TestCase("HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\n23/*/*", "serverBusy")]
    public async Task Answer_that_settles_nothing_is_asked_for_again(string answer, string kind)
    {
        await using var server = new CannedServer(answer);
        Assert.That(await RegisterAndResumeAsync(server.Url, "replyTimeout=60 patience=0.2"), Is.All.EqualTo(kind));
        Assert.That(server.Requests, Is.GreaterThanOrEqualTo(4));
    }

    [TestCase("")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n0/0/")]
    public async Task Answer_that_does_not_end_is_lost(string answer)
    {
        await using var server = new CannedServer(answer);
        Assert.That(await RegisterAndResumeAsync(server.Url, "replyTimeout=0.2 patience=0"),
            Is.All.EqualTo("unreachable"));
    }

    // The kinds of the two faults. The program registers by UnityWebRequest and resumes by HttpClient.
    private static async Task<string[]> RegisterAndResumeAsync(Uri url, string options)
    {
        await using var child = await Program.StartAsync("play");
        child.Write($"options {options}");
        var registered = await child.AskAsync(ProgramLine.Of("register", url.ToString(), "Ann", "", "", ""));
        var resumed = await child.AskAsync(ProgramLine.Of("resume", Saved.Replace("URL", url.ToString(),
            StringComparison.Ordinal)));
        Assert.That((registered[0], resumed[0]), Is.EqualTo(("failed", "failed")), child.Errors);
        return [registered[1], resumed[1]];
    }

    [Test]
    public async Task Names_are_trimmed_and_normalized()
    {
        await using var server = await ServerChild.StartProgramAsync([await PublishedServer.PathAsync()]);
        await using var ann = await ConformancePlayer.StartAsync(Program, "wait=1");
        await using var zoe = await ConformancePlayer.StartAsync(Program, "wait=1");
        ann.Register(server.Url, "Ann", partner: " Zoe\u0308");
        zoe.Register(server.Url, "Zo\u00eb\u3000", partner: "Ann");
        Assert.That(await ann.WaitForAsync("paired"), Is.EqualTo("Zo\u00eb"));
    }

    // All of it on one thread: what the game sends when it has read a turn travels with the next request.
    [Test]
    public async Task Its_sample_counts_and_comes_back_with_one_request_a_turn()
    {
        await using var server = await ServerChild.StartProgramAsync([await PublishedServer.PathAsync()]);
        await using var proxy = new FaultyProxy(server.Port);
        await using var child = await Program.StartAsync("sample");
        child.Write(proxy.Url.ToString());
        var lines = new List<string>();
        for (string[] line; (line = await child.NextAsync())[0] != "over";)
            lines.Add(line[1]);
        var numbers = lines.Where(line => line.Contains("receives", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]);
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(1, 20).Select(number => $"{number}")));
        Assert.That(lines, Has.Member("restarted").And.Member("Ann: done").And.Member("Bob: done"));
        var updates = proxy.Requests.Select(request => request.Body).Distinct()
            .Where(body => body.StartsWith("6,", StringComparison.Ordinal)).ToList();
        Assert.That(updates, Has.Count.LessThan(30), string.Join(' ', updates));
    }

    [GeneratedRegex("(?m)^guid: ([0-9a-f]{32})$")]
    private static partial Regex GuidPattern();
}
