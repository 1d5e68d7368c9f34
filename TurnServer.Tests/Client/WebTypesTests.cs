using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The types of the npm package, turn-client.d.ts, by TypeScript's compiler.</summary>
[Category("Slow")]
internal sealed class WebTypesTests
{
    private const string TypeScript = "typescript@5.9.3";

    // What a game may do, and what the types must refuse.
    private const string User = """
        import { TURN_BYTES_MAX, TurnClient, TurnError, TurnGame, play, resume, timing, waiting }
            from "turnserver-client";
        import type { ClientOptions, Clock, Pairing, RegisterOptions, Timing, TurnFaultKind } from "turnserver-client";

        const clock: Clock = { now: () => 0, after: (milliseconds, call) => { const id = setTimeout(call, milliseconds);
            return () => clearTimeout(id); } };
        const times: Partial<Timing> = { wait: 15000, replyTimeout: 5000, pollInterval: 1000, patience: Infinity };
        const options: ClientOptions = { savesEachTurn: true, timing: times, fetch, clock, WebSocket };
        const url = new URL("http://localhost:8080/");

        async function meet(signal: AbortSignal): Promise<TurnGame> {
            const player = new TurnClient(url, options);
            const registration: RegisterOptions = { partner: "Bob", pool: "chess", hasLongTimeout: true, signal };
            await player.register("Ann", { ...registration, token: player.token ?? undefined });
            const { partner, isHost }: Pairing = await player.pair({ signal });
            await player.load();
            if (isHost && partner === "") await player.unregister({ signal });
            return player.play();
        }

        async function follow(game: TurnGame): Promise<TurnFaultKind | null> {
            const seat: 0 | 1 = game.seat, silent: number | null = game.partnerSilent, missed: number = game.missed;
            if (seat === 0 && (silent ?? 0) < 10 && missed === 0) await game.send("e2-e4");
            for await (const turn of game.receive()) {
                const text: string = game.save(turn.slice(0, TURN_BYTES_MAX));
                game.saved(text);
                await game.post(turn);
            }
            for await (const turn of game.turns()) console.log(turn.length, game.partner, game.isHost);
            await game.quit();
            return game.fault instanceof TurnError ? game.fault.kind : null;
        }

        try {
            timing.wait = 10000;
            const { count, seconds } = await waiting(url, "chess", options);
            console.log(count + seconds, await follow(await meet(new AbortController().signal)));
            await follow(await play("http://localhost/", "Ann", "*", { ...options, pool: "chess", token: "t" }));
            await follow(await resume("{}", { savesEachTurn: true }));
        } catch (error) {
            if (!(error instanceof TurnError)) throw error;
            console.log(error.kind === "partnerLeft", error.reply, error.error, error.detail, error.message);
        }

        // @ts-expect-error
        await play(url, "Ann", "*", { poool: "chess" });
        // @ts-expect-error
        await play(url, "Ann", "*", { timing: { hold: 0 } });
        // @ts-expect-error
        await resume(7);
        // @ts-expect-error
        new TurnGame();
        """;

    // Writes a program that compiles only if the types have the members that exist, and no others.
    private const string ListMembers = """
        import * as client from "turnserver-client";
        import { CALL_OPTIONS, CLIENT_OPTIONS, PLAY_OPTIONS, REGISTER_OPTIONS }
            from "./node_modules/turnserver-client/options.js";

        const saved = { version: 1, url: "http://localhost/", key: "17", seat: 1, partner: "Bob", isHost: false,
            counter: 4, taken: 0, last: [], unsent: [], received: 1, unread: ["b"] };
        const fetch = async () => ({ status: 400, headers: new Headers(), text: async () => "13/*/*" });
        const game = await client.resume(JSON.stringify(saved), { fetch });

        // url and key are in the saved game only.
        const others = ["constructor", "stack", "name", "message", "url", "key"];
        const membersOf = object => Object.keys(object)
            .concat(Object.getOwnPropertyNames(Object.getPrototypeOf(object)))
            .filter(name => !name.startsWith("_") && !others.includes(name));
        const check = (type, names) => console.log(`const _${number++}: Record<${type}, true> = `
            + `{ ${names.map(name => `${name}: true`).join(", ")} };`);
        let number = 0;

        console.log('import * as client from "turnserver-client";');
        check("keyof typeof client", Object.keys(client));
        check("keyof client.Timing", Object.keys(client.timing));
        check("keyof client.ClientOptions", CLIENT_OPTIONS);
        check("keyof client.CallOptions", CALL_OPTIONS);
        check("keyof client.RegisterOptions", REGISTER_OPTIONS);
        check("keyof client.PlayOptions", PLAY_OPTIONS);
        check("keyof client.TurnClient", membersOf(new client.TurnClient("http://localhost/")));
        check("keyof client.TurnGame", membersOf(game));
        check("Exclude<keyof client.TurnError, keyof Error>", membersOf(new client.TurnError("13/*/*")));
        """;

    private static readonly TimeSpan Timeout = 4 * TestWait.Timeout;

    private TempFolder _project = null!;
    private string _node = null!;

    private string Types => _project.PathOf("node_modules/turnserver-client/turn-client.d.ts");

    [OneTimeSetUp]
    public async Task CreateProject()
    {
        (_node, var npm) = (Tool.Require("node", "nodejs"), Tool.Require("npm"));
        _project = new TempFolder("turnserver-types-");
        await RunCheckedAsync(npm, "pack", "--pack-destination", _project.Path,
            Path.Combine(Repository.Root, "TurnServer/Client/web"));
        await RunCheckedAsync(npm, "init", "-y");
        await RunCheckedAsync(npm, "install", "--prefer-offline", "--no-audit", "--no-fund", TypeScript,
            Directory.GetFiles(_project.Path, "*.tgz").Single());
        await File.WriteAllTextAsync(_project.PathOf("user.mts"), User);
        await File.WriteAllTextAsync(_project.PathOf("list.mjs"), ListMembers);
        await File.WriteAllTextAsync(_project.PathOf("members.mts"), await RunCheckedAsync(_node, "list.mjs"));
    }

    [OneTimeTearDown]
    public void RemoveProject() => _project?.Dispose();

    [Test]
    public async Task A_game_compiles_and_the_types_are_complete()
    {
        var (exitCode, output) = await CompileAsync();
        Assert.That(exitCode, Is.Zero, output);
    }

    [TestCase("    patience: number;", "", "patience")]
    [TestCase("    pool?: string;", "", "pool")]
    [TestCase("    turns(): AsyncGenerator<string, void, undefined>;", "", "turns")]
    [TestCase("export function resume(", "export function resumed(", "resume")]
    [TestCase("export const timing: Timing;", "export const timing: Timing;\nexport const gone: number;", "gone")]
    public async Task A_type_that_is_missing_or_in_vain_is_found(string member, string replacement, string name)
    {
        var types = await File.ReadAllTextAsync(Types);
        Assert.That(types, Does.Contain(member));
        try
        {
            await File.WriteAllTextAsync(Types, types.Replace(member, replacement, StringComparison.Ordinal));
            var (exitCode, output) = await CompileAsync();
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(output, Does.Match($@"members\.mts.*'{name}'"));
        }
        finally
        {
            await File.WriteAllTextAsync(Types, types);
        }
    }

    private Task<(int ExitCode, string Output)> CompileAsync() => RunAsync(_node,
        "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2018",
        "--lib", "es2018,dom", "user.mts", "members.mts");

    private async Task<string> RunCheckedAsync(string tool, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(tool, arguments);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { WorkingDirectory = _project.Path };
        var (exitCode, output, errors) = await Tool.RunAsync(start, Timeout);
        return (exitCode, output + errors);
    }
}
