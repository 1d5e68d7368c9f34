using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>From registration to the game, against the real server.</summary>
[TestFixture(Transports.Http), TestFixture(Transports.WebSocket), Parallelizable(ParallelScope.All)]
internal sealed class TurnClientTests(string scheme) : ServerFixture
{
    private readonly HttpClient _http = TurnClient.CreateHttp();

    [OneTimeTearDown]
    public void DisposeHttp() => _http.Dispose();

    [Test]
    public async Task Two_players_register_pair_load_and_play()
    {
        var (ann, bob) = await RegisterTwoAsync();
        var pairings = await Task.WhenAll(ann.Client.PairAsync(), bob.Client.PairAsync());
        Assert.That(pairings.Select(pairing => pairing.Value.Partner), Is.EqualTo(new[] { bob.Name, ann.Name }));
        Assert.That(pairings.Count(pairing => pairing.Value.IsHost), Is.EqualTo(1));
        Assert.That(await ann.Client.LoadAsync(), Is.Null);
        Assert.That(await bob.Client.LoadAsync(), Is.Null);
        var waiting = ann.Client.PlayAsync();
        await using var ofBob = (await bob.Client.PlayAsync()).Value;
        await using var ofAnn = (await waiting).Value;
        Assert.That((ofAnn.Seat + ofBob.Seat, ofAnn.Pairing), Is.EqualTo((1, pairings[0].Value)));
        await ClientPair.SendAsync(ofAnn, "hello");
        Assert.That(await ClientPair.ReadAsync(ofBob, 1), Is.EqualTo(new[] { "hello" }));
        await ofBob.PostAsync(ClientPair.Bytes("bye"));
        Assert.That(await ofBob.QuitAsync(), Is.Null);
        Assert.That(await ClientPair.ReadToEndAsync(ofAnn), Is.EqualTo(new[] { "bye" }));
        Assert.That((ofAnn.Ended!.Kind, ofAnn.Ended.HasPartnerQuit), Is.EqualTo((TurnFaultKind.PartnerLeft, true)));
    }

    [Test]
    public async Task Pairing_waits_for_a_partner()
    {
        var (ann, bob) = (NewClient(), NewClient());
        var (annName, bobName) = (ClientPair.NewName(), ClientPair.NewName());
        await ann.Client.RegisterAsync(annName, bobName);
        var waiting = ann.Client.PairAsync();
        await bob.Client.RegisterAsync(bobName, annName);
        Assert.That(waiting.IsCompleted, Is.False);
        var (ofBob, ofAnn) = ((await bob.Client.PairAsync()).Value, (await waiting).Value);
        Assert.That((ofBob.Partner, ofAnn.Partner), Is.EqualTo((annName, bobName)));
        // The player whose request made the pair hosts: most often Bob, but they race.
        Assert.That(ofAnn.IsHost, Is.Not.EqualTo(ofBob.IsHost));
        Assert.That(ann.Log.Attempts.Count(attempt => attempt.Symbol == Symbol.RequestPair), Is.EqualTo(1));
    }

    [Test]
    public async Task The_same_token_returns_the_same_registration()
    {
        var (name, partner, token) = (ClientPair.NewName(), ClientPair.NewName(), TurnClient.CreateToken());
        var (first, again) = (NewClient(), NewClient());
        await first.Client.RegisterAsync(name, partner, token);
        await again.Client.RegisterAsync(name, partner, token);
        var keys = new[] { first, again }.Select(client =>
            WireText.Of(client.Log.Attempts[0].Reply!.Value.Data.Span)).ToArray();
        Assert.That(keys[0], Is.EqualTo(keys[1]));
        await first.Client.UnregisterAsync();
        Assert.That((await again.Client.PairAsync()).Fault!.Kind, Is.EqualTo(TurnFaultKind.RegistrationGone));
    }

    [Test]
    public void Tokens_are_distinct_and_valid()
    {
        var tokens = Enumerable.Range(0, 100).Select(_ => TurnClient.CreateToken()).ToHashSet();
        Assert.That(tokens, Has.Count.EqualTo(100).And.All.Matches("^[A-Za-z0-9_-]{22}$"));
    }

    [Test]
    public async Task A_player_whose_named_partner_leaves_before_the_game_must_register_again()
    {
        var (ann, bob) = await RegisterTwoAsync();
        await Task.WhenAll(ann.Client.PairAsync(), bob.Client.PairAsync());
        await ann.Client.LoadAsync();
        var waiting = ann.Client.PlayAsync();
        Assert.That(await bob.Client.UnregisterAsync(), Is.Null);
        Assert.That((await waiting).Fault, Is.EqualTo(TurnFault.Of(ErrorCode.KnownPartnerDrop, null)));
        Assert.That((await ann.Client.PairAsync()).Fault!.Kind, Is.EqualTo(TurnFaultKind.RegistrationGone));
    }

    [Test]
    public async Task A_player_whose_random_partner_leaves_before_the_game_pairs_again()
    {
        await using var server = await ServerChild.StartAsync();
        var players = new[] { NewClient(server), NewClient(server), NewClient(server) };
        foreach (var player in players[..2])
            await player.Client.RegisterAsync(ClientPair.NewName());
        await Task.WhenAll(players[0].Client.PairAsync(), players[1].Client.PairAsync());
        await players[1].Client.UnregisterAsync();
        Assert.That((await players[0].Client.PlayAsync()).Fault!.Kind, Is.EqualTo(TurnFaultKind.PartnerLeftEarly));
        Assert.That((await players[0].Client.LoadAsync())!.Kind, Is.EqualTo(TurnFaultKind.PartnerLeftEarly));
        var waiting = players[0].Client.PairAsync();
        await players[2].Client.RegisterAsync("Third");
        var games = await Task.WhenAll(ClientPair.StartAsync(players[2].Client), PlayOnAsync());
        Assert.That(games[1].Pairing.Partner, Is.EqualTo("Third"));
        foreach (var game in games)
            await game.DisposeAsync();

        async Task<TurnGame> PlayOnAsync()
        {
            Assert.That((await waiting).Fault, Is.Null);
            Assert.That(await players[0].Client.LoadAsync(), Is.Null);
            return (await players[0].Client.PlayAsync()).Value;
        }
    }

    [Test]
    public async Task Unregistering_twice_is_no_fault()
    {
        var (client, _) = NewClient();
        await client.RegisterAsync(ClientPair.NewName(), ClientPair.NewName());
        Assert.That(await client.UnregisterAsync(), Is.Null);
        Assert.That(await client.UnregisterAsync(), Is.Null);
        Assert.That(await client.LoadAsync(), Is.EqualTo(TurnFault.Of(ErrorCode.NotRegistered, null)));
    }

    [TestCase("", null, null, ErrorCode.RegisterFail)]
    [TestCase("a,b", null, null, ErrorCode.RegisterFail)]
    [TestCase("a\nb", null, null, ErrorCode.RegisterFail)]
    [TestCase("Ann", "a,b", null, ErrorCode.BadPartnerName)]
    [TestCase("Ann", "*", null, ErrorCode.BadPartnerName)]
    [TestCase("Ann", "", null, ErrorCode.BadPartnerName)]
    [TestCase("Ann", null, "two words", ErrorCode.PostDataFormat)]
    public async Task An_invalid_name_or_token_is_refused(string name, string? partner, string? token,
        ErrorCode error)
    {
        var fault = await NewClient().Client.RegisterAsync(name, partner, token);
        Assert.That((fault!.Kind, fault.Error), Is.EqualTo((TurnFaultKind.InvalidRequest, error)));
    }

    [Test]
    public void Calls_before_registering_throw()
    {
        var (client, _) = NewClient();
        Assert.That(() => client.PairAsync(), Throws.InvalidOperationException);
        Assert.That(() => client.LoadAsync(), Throws.InvalidOperationException);
        Assert.That(() => client.PlayAsync(), Throws.InvalidOperationException);
        Assert.That(() => client.UnregisterAsync(), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Every_call_can_be_cancelled()
    {
        var (client, _) = NewClient();
        var cancelled = new CancellationToken(true);
        Assert.That(() => client.RegisterAsync("Ann", cancel: cancelled),
            Throws.InstanceOf<OperationCanceledException>());
        await client.RegisterAsync(ClientPair.NewName(), ClientPair.NewName());
        Assert.That(() => client.PairAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => client.LoadAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => client.PlayAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => client.UnregisterAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_held_call_can_be_cancelled_and_repeated()
    {
        await using var proxy = new FaultyProxy(Server.Port);
        var ann = new TurnClient(_http, proxy.Url.Over(scheme));
        var bob = NewClient().Client;
        var (annName, bobName) = (ClientPair.NewName(), ClientPair.NewName());
        await ann.RegisterAsync(annName, bobName);
        await CancelAsync(token => ann.PairAsync(token), '2');
        await bob.RegisterAsync(bobName, annName);
        await Task.WhenAll(ann.PairAsync(), bob.PairAsync());
        await ann.LoadAsync();
        await CancelAsync(token => ann.PlayAsync(token), '4');
        await bob.LoadAsync();
        var games = await Task.WhenAll(ann.PlayAsync(), bob.PlayAsync());
        foreach (var game in games)
            await game.Value.DisposeAsync();

        async Task CancelAsync(Func<CancellationToken, Task> step, char symbol)
        {
            using var cancel = new CancellationTokenSource();
            var held = step(cancel.Token);
            await TestWait.UntilAsync(() => proxy.Requests.Any(request => request.Body[0] == symbol), "it is held");
            Assert.That(held.IsCompleted, Is.False);
            await cancel.CancelAsync();
            Assert.That(async () => await held, Throws.InstanceOf<OperationCanceledException>());
        }
    }

    private (TurnClient Client, AttemptLog Log) NewClient(ServerChild? server = null)
    {
        var log = new AttemptLog();
        var url = (server ?? Server).Url.Over(scheme);
        return (new TurnClient(_http, url, new TurnClientOptions { Observer = log.Note }), log);
    }

    private async Task<((TurnClient Client, string Name) Ann, (TurnClient Client, string Name) Bob)> RegisterTwoAsync()
    {
        var ann = (NewClient().Client, Name: ClientPair.NewName());
        var bob = (NewClient().Client, Name: ClientPair.NewName());
        Assert.That(await ann.Client.RegisterAsync(ann.Name, bob.Name), Is.Null);
        Assert.That(await bob.Client.RegisterAsync(bob.Name, ann.Name), Is.Null);
        return (ann, bob);
    }
}
