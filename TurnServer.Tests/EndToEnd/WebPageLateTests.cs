using TurnServer.Tests.Support;

namespace TurnServer.Tests.EndToEnd;

/// <summary>
/// The web client over a network that loses, delays and duplicates requests (PROTOCOL.md, "Rules for clients"). Delays
/// are counted in other requests, so a request may be later than any client timeout. The same for the C# client:
/// <see cref="Client.LateRequestTests"/>.
/// </summary>
[Category("Slow")]
internal sealed class WebPageLateTests : WebFixture
{
    private const string Faults = $"""
        const faults = ["{nameof(NetworkFault.DropReply)}", "{nameof(NetworkFault.DropRequest)}",
            "{nameof(NetworkFault.DelayRequest)}", "{nameof(NetworkFault.SendAgainLater)}",
            "{nameof(NetworkFault.SendTwice)}"];
        const [dropReply, dropRequest, delayRequest, sendAgainLater, sendTwice] = faults;

        """;

    // Minimal pauses.
    private const string Network = Faults + """
        Object.assign(timing, { wait: 1000, replyTimeout: 1e6, patience: 1e6, firstPause: 1, longestPause: 1,
            firstFullPause: 1, longestFullPause: 2, pollInterval: 1, keepAlive: 100 });
        const network = { plan: () => [], refused: 0, requests: 0, late: [], real: window.fetch.bind(window) };
        network.exchange = async (url, { method, body, headers }) => {
            const response = await network.real(url, { method, body, headers }), text = await response.text();
            network.refused += text === "21/*/*";
            return { text, status: response.status, headers: response.headers };
        };
        network.take = async (...request) => (await network.exchange(...request)).text;
        network.deliver = async (now = Infinity) => {
            const due = network.late.filter(late => late.at <= now);
            network.late = network.late.filter(late => late.at > now);
            for (const { request } of due) await network.take(...request);
        };
        window.fetch = (url, request) => Promise.race([network.carry(url, request),
            new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)))]);
        network.carry = async (...request) => {
            await network.deliver(++network.requests);
            const { body, headers } = request[1];
            const [fault, late] = body.startsWith("6,") ? await network.plan(body, headers) : [];
            if (fault === delayRequest || fault === sendAgainLater)
                network.late.push({ at: network.requests + late, request });
            if (fault === dropRequest || fault === delayRequest) throw new TypeError("lost");
            if (fault === sendTwice) await network.take(...request);
            const { text, ...head } = await network.exchange(...request);
            if (fault === dropReply) throw new TypeError("lost");
            return new Response(text, head);
        };
        const text = number => String(number).padStart(6, "0").padEnd(16000, ".");
        const until = async isSo => { while (!isSo()) await new Promise(resolve => setTimeout(resolve, 1)); };
        const read = async (game, count) => {
            const got = [];
            for await (const turn of game.turns()) if (got.push(Number(turn.slice(0, 6))) === count) break;
            return got.join();
        };

        """;

    private const string Flood = """
        async ({ url, names, seed, count }) => {
        """ + Network + """
            timing.wait = 0;
            const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
            const [ann, bob] = names;
            const games = await Promise.all([play(url, ann, bob), play(url, bob, ann)]), share = 0.1 + 0.4 * random();
            // Sometimes most requests of one player are delayed, so that the other fills its backlog.
            let quiet = null, left = 0;
            network.plan = body => {
                if (left-- <= 0) [quiet, left] = [games[Math.floor(3 * random())], Math.floor(60 * random())];
                const isQuiet = quiet && body.includes(`,${quiet.key},`);
                if (random() >= (isQuiet ? 0.95 : share)) return [];
                return [isQuiet ? delayRequest : faults[Math.floor(5 * random())], 1 + Math.floor(200 * random())];
            };
            const numbers = [...Array(count).keys()];
            const sent = games.map(game => Promise.all(numbers.map(number => game.send(text(number)))));
            const got = await Promise.all(games.map(game => read(game, count)));
            await Promise.all(sent);
            network.plan = () => [];
            await network.deliver();
            await Promise.all(games.map(game => game.send("999")));
            const ends = await Promise.all(games.map(game => read(game, 1)));
            await Promise.all(games.map(game => game.quit()));
            return [...got, ...ends, String(network.refused)];
        }
        """;

    // Two players store their state and their game together, crash at any moment, and come back from what they stored.
    private const string Crashes = """
        async ({ url, names, seed, count }) => {
        """ + Network + """
            timing.wait = 0;
            const random = () => (seed = seed * 48271 % 2147483647) / 2147483647, share = 0.5 * random();
            const is = chance => random() < chance, savesEachTurn = true;
            network.plan = () => is(share) ? [faults[Math.floor(5 * random())], 1 + Math.floor(40 * random())] : [];
            const [ann, bob] = names;
            const games = await Promise.all([play(url, ann, bob, { savesEachTurn }),
                play(url, bob, ann, { savesEachTurn })]);
            let crashes = 0, done = 0;
            const run = async game => {
                let sent = 0, read = [], stored = null, turns = game.turns(), next = null;
                const store = turn => {
                    const text = game.save(turn);
                    stored = { text, sent, read: [...read] };
                    game.saved(text);
                };
                const crash = async () => {
                    crashes++;
                    game.ended = "crashed";
                    if (game._holding) game._holding.abort();
                    game._wakeLoop();
                    game._wake();
                    game = await resume(stored.text, { savesEachTurn });
                    [sent, read, turns, next] = [stored.sent, [...stored.read], game.turns(), null];
                };
                store();
                let isDone = false;
                while (done < 2) {
                    if (sent < count && is(0.5)) {
                        const turn = String(sent++);
                        store(turn);
                        if (is(0.15)) { await crash(); continue; }
                        game.send(turn).catch(() => {});
                    } else {
                        next = next || turns.next();
                        const got = await Promise.race([next, new Promise(resolve => setTimeout(resolve, 3))]);
                        if (got) {
                            if (got.done) throw new Error(`over: ${game.ended}`);
                            next = null;
                            read.push(Number(got.value));
                            if (is(0.15)) { await crash(); continue; }
                            store();
                        }
                    }
                    if (is(0.15)) await crash();
                    if (!isDone && stored.sent === count && stored.read.length >= count) {
                        isDone = true;
                        done++;
                    }
                }
                return { game, read: stored.read.join() };
            };
            const ends = await Promise.all(games.map(run));
            await Promise.all(ends.map(({ game }) => game.quit()));
            return [...ends.map(({ read }) => read), String(crashes)];
        }
        """;

    private const string SaveAndReload = """
        async ({ url, names }) => {
            const [ann, bob] = await Promise.all([play(url, names[0], names[1]), play(url, names[1], names[0])]);
            const wrong = [];
            for (const text of ["", "{}", null, ann.save().replace('"version":1', '"version":2')])
                await resume(text).catch(error => wrong.push(error.name));
            await bob.send("b0");
            for await (const turn of ann.turns()) break;
            const saved = ann.save("a0");
            ann.ended = "crashed";
            if (ann._holding) ann._holding.abort();
            const again = await resume(saved), got = [];
            for await (const turn of bob.turns()) { got.push(turn); break; }
            await bob.send("b1");
            for await (const turn of again.turns()) { got.push(turn); break; }
            const state = [again.partner, again.isHost, again.seat, again.missed].join();
            await again.quit();
            const over = await resume(again.save()).catch(error => error.reply);
            const expected = [ann.partner, ann.isHost, ann.seat, 0].join();
            return [wrong.join(), got.join(), state === expected ? "" : state, over];
        }
        """;

    // Bob is simulated: his backlog is full as well, or he reads late. He acknowledges nothing until told to.
    private const string Refused = """
        async ({ url, names, bothFull, isTurnTaken, isBlockKnown, fault }) => {
        """ + Network + """
            const post = (body, headers = {}) => network.take(url, { method: "POST", body, headers });
            const ask = async body => {
                for (;;) {
                    const reply = await post(body);
                    if (reply !== "0/2/*" && reply !== "0/7/*") return reply.slice(4);
                }
            };
            const begun = play(url, ...names);
            const pairing = await ask(`0,${names[1]},*,${names[0]},*`);
            for (const symbol of [2, 3]) await ask(`${symbol},*,${pairing},*,*`);
            const [key, seat] = (await ask(`4,*,${pairing},*,*`)).split("|"), ann = await begun;
            let counter = 0, block = [];
            const got = [];
            const take = async (turn, received) => {
                const headers = received === undefined ? {} : { "Turn-Received": received };
                const reply = await post(`6,${turn},${key},${seat},${counter++}`, headers);
                return reply.startsWith("0/9/") ? reply.slice(4).split("|") : [];
            };
            const collect = async () => {
                got.push(...block);
                block = [];
                got.push(...await take(""));
            };
            const fill = async () => { for (let i = 0; i < 8; i++) block = await take(text(i), 0); };
            let isQuiet = true, contested = null, emptyUpdates = 0, isSettled = false;
            network.plan = async (body, headers) => {
                if (!body.includes(`,${ann.key},`)) return [];
                if (headers["Prefer"]) {
                    // Ann does not poll for turns yet.
                    await until(() => !isQuiet);
                    return [];
                }
                if (body.startsWith("6,000008") && !contested) {
                    contested = body.split(",").pop();
                    return [delayRequest, Infinity];
                }
                if (body !== `6,,${ann.key},${ann.seat},${contested}` || emptyUpdates++) return [];
                if (isTurnTaken) {
                    await collect();
                    await network.deliver();
                }
                isSettled = true;
                return [fault];
            };
            for (let i = 0; i < 7; i++) await ann.send(text(i));
            if (!isBlockKnown) await ann.send(text(7));
            if (bothFull) await fill();
            const eighth = isBlockKnown ? ann.send(text(7)) : null, ninth = ann.send(text(8));
            await eighth;
            await until(() => bothFull ? isSettled : network.refused >= 100);
            if (!bothFull) {
                // Bob reads, and the late copy arrives first.
                await collect();
                await collect();
                await network.deliver();
            }
            await collect();
            await ninth;
            await network.deliver();
            await collect();
            await ann.send(text(9));
            await collect();
            isQuiet = false;
            const back = bothFull ? await read(ann, 8) : "";
            await take(text(7));
            return [got.map(turn => Number(turn.slice(0, 6))).join(), back, await read(ann, 1), String(emptyUpdates)];
        }
        """;

    [Test]
    public async Task Two_floods_over_a_network_with_unbounded_delays_arrive_once_and_in_order()
    {
        const int Count = 50;
        var page = await Stage.OpenAsync();
        var refused = 0;
        for (var seed = 1; seed <= 8; seed++)
        {
            var outcome = await WebStage.RunAsync(page, Flood, new { url = Url, names = Names(), seed, count = Count });
            var all = string.Join(',', Enumerable.Range(0, Count));
            Assert.That(outcome[..4], Is.EqualTo(new[] { all, all, "999", "999" }), $"seed {seed}");
            refused += int.Parse(outcome[4]);
            await WebStage.ReloadAsync(page);
        }

        Assert.That(refused, Is.GreaterThan(10), "backlogs must have been full");
    }

    [Test]
    public async Task Two_players_who_crash_at_any_moment_lose_and_repeat_no_turn()
    {
        const int Count = 30;
        var page = await Stage.OpenAsync();
        var crashes = 0;
        for (var seed = 1; seed <= 8; seed++)
        {
            var outcome = await WebStage.RunAsync(page, Crashes,
                new { url = Url, names = Names(), seed, count = Count });
            var all = string.Join(',', Enumerable.Range(0, Count));
            Assert.That(outcome[..2], Is.EqualTo(new[] { all, all }), $"seed {seed}");
            crashes += int.Parse(outcome[2]);
            await WebStage.ReloadAsync(page);
        }

        Assert.That(crashes, Is.GreaterThan(20));
    }

    [Test]
    public async Task A_saved_game_is_resumed_and_another_text_is_refused()
    {
        var outcome = await WebStage.RunAsync(await Stage.OpenAsync(), SaveAndReload,
            new { url = Url, names = Names() });
        Assert.That(outcome, Is.EqualTo(new[] { "TypeError,TypeError,TypeError,TypeError", "a0,b1", "", "14/*/*" }));
    }

    [Test]
    public async Task A_refused_turn_whose_first_copy_is_accepted_later_arrives_once()
    {
        var outcome = await WebStage.RunAsync(await Stage.OpenAsync(), Refused,
            new { url = Url, names = Names(), bothFull = false, isTurnTaken = false, isBlockKnown = false });
        Assert.That(outcome, Is.EqualTo(new[] { "0,1,2,3,4,5,6,7,8,9", "", "7", "0" }));
    }

    [Test]
    public async Task A_turn_refused_while_both_backlogs_are_full_arrives_once([Values] bool isTurnTaken,
        [Values] bool isBlockKnown,
        [Values(NetworkFault.None, NetworkFault.DropReply, NetworkFault.DropRequest, NetworkFault.SendTwice)]
        NetworkFault fault)
    {
        var outcome = await WebStage.RunAsync(await Stage.OpenAsync(), Refused,
            new { url = Url, names = Names(), bothFull = true, isTurnTaken, isBlockKnown, fault = $"{fault}" });
        Assert.That(outcome[..3], Is.EqualTo(new[] { "0,1,2,3,4,5,6,7,8,9", "0,1,2,3,4,5,6,7", "7" }));
    }

    private static string[] Names() => [ClientPair.NewName(), ClientPair.NewName()];
}
