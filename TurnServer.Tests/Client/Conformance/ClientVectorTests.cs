using System.Globalization;
using System.Text.Json;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>Plays the test vectors for a seat against the clients in other languages.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
internal sealed class ClientVectorTests
{
    [TestCaseSource(typeof(ClientProgram), nameof(ClientProgram.WithVectors))]
    public async Task Client_passes_all_vectors(ClientProgram program)
    {
        await using var child = await program.StartAsync("vectors");
        var failures = new List<string>();
        foreach (var vector in SeatVectors.All)
        {
            if (await FindFailureAsync(child, vector) is { } failure)
                failures.Add($"{vector.Name}: {failure}");
        }

        Assert.That(failures, Is.Empty);
        await child.CloseAsync();
    }

    [Test]
    public async Task Godot_3_files_are_those_generated_from_Godot_4()
    {
        var script = Path.Combine(Repository.Root, "TurnServer.Tests/Client/Conformance/godot/generate.py");
        var (exitCode, output, errors) = await Tool.RunAsync(Tool.Require("python3"), script, "--check");
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    private static async Task<string?> FindFailureAsync(ClientProcess child, SeatVector vector)
    {
        await DoAsync(child, ProgramLine.Of("new", "17", "0", Text(vector.Wait), Text(vector.KeepAlive),
            Text(vector.PollInterval), vector.SavesEachTurn ? "1" : "0"));
        if (vector.Saved is { } saved)
            await DoAsync(child, Saved("resume", saved));
        var number = 0;
        foreach (var step in vector.Steps.EnumerateArray())
        {
            number++;
            if (await FindFailureAsync(child, step) is { } failure)
                return $"step {number}, {Short(step.GetRawText())}: {failure}";
        }

        return null;
    }

    // The fields of a saved game.
    private static string Saved(string command, JsonElement saved)
    {
        return string.Join(' ', command, Number("counter"), Number("taken"), Number("received"), List("last"),
            List("unsent"), List("unread"));

        string Number(string name) => saved.GetProperty(name).GetRawText();

        string List(string name) =>
            ProgramLine.List(saved.GetProperty(name).EnumerateArray().Select(SeatVectors.Expand));
    }

    // Null: the client does what the step says.
    private static async Task<string?> FindFailureAsync(ClientProcess child, JsonElement step)
    {
        var first = step.EnumerateObject().First();
        var (kind, value) = (first.Name, first.Value);
        switch (kind)
        {
            case "send" or "post":
                return await DoAsync(child, ProgramLine.Of(kind, SeatVectors.Expand(value)));
            case "receive" or "quit" or "saved" or "unreachable" or "abandon":
                return await DoAsync(child, kind);
            case "elapse":
                return await DoAsync(child, ProgramLine.Of(kind, Text(value.GetDecimal())));
            case "reply":
                var wasHeld = step.TryGetProperty("held", out var held) && held.GetBoolean();
                return await DoAsync(child, ProgramLine.Of(kind, SeatVectors.Expand(value), wasHeld ? "1" : "0",
                    Header("turn-counter"), Header("turns-taken"), Header("turns-acknowledged")));
            case "request":
                return await CompareAsync(child, "next", ProgramLine.Of(kind, SeatVectors.Expand(value),
                    step.TryGetProperty("wait", out var wait) ? Text(wait.GetDecimal()) : "0", Header("received")));
            case "pause":
                return await CompareAsync(child, "next", ProgramLine.Of(kind, Text(value.GetDecimal())));
            case "stop":
                return await CompareAsync(child, "next", kind);
            case "read":
                return await CompareAsync(child, kind,
                    $"turns {ProgramLine.List(value.EnumerateArray().Select(SeatVectors.Expand))}");
            case "save":
                return await CompareAsync(child, kind, Saved(kind, value));
            case "ended" or "missed":
                return await CompareAsync(child, kind, ProgramLine.Of(kind, value.GetRawText()));
            case "taken" or "refused" or "pending":
                foreach (var turn in value.EnumerateArray().Select(SeatVectors.Expand))
                {
                    if (await CompareAsync(child, ProgramLine.Of("outcome", turn), kind) is { } failure)
                        return failure;
                }

                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), kind, "not a kind of step");
        }

        string Header(string name) => step.TryGetProperty(name, out var number) ? number.GetRawText() : "";
    }

    private static Task<string?> DoAsync(ClientProcess child, string command) => CompareAsync(child, command, "ok");

    private static async Task<string?> CompareAsync(ClientProcess child, string command, string expected)
    {
        var answer = await child.AskAsync(command);
        var fields = ProgramLine.Parse(expected);
        return answer.Length == fields.Length && Enumerable.Range(0, fields.Length).All(IsSame)
            ? null
            : $"its answer is \"{Short(string.Join(' ', answer))}\", not \"{Short(expected)}\"";

        bool IsSame(int i) => answer[i] == fields[i]
            || ((fields[0], i) is ("pause", 1) or ("request", 2) && AreSameSeconds(answer[i], fields[i]));
    }

    // 5 and 5.000 are the same pause.
    private static bool AreSameSeconds(string one, string other) =>
        double.TryParse(one, CultureInfo.InvariantCulture, out var x)
        && double.TryParse(other, CultureInfo.InvariantCulture, out var y) && Math.Abs(x - y) < 1e-6;

    private static string Text(decimal seconds) => seconds.ToString(CultureInfo.InvariantCulture);

    private static string Short(string text) => text.Length <= 100 ? text : $"{text[..80]}… ({text.Length})";
}
