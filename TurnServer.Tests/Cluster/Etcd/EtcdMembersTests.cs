using Etcdserverpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdMembersTests : EtcdFixture
{
    private const int RegistrationDeleted = 74;
    private const int AddressShared = 75;

    private static readonly DateTimeOffset StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly List<Registration> _registrations = [];
    private MemberList _list = null!;

    [SetUp]
    public void Watch() => _list = new MemberList(new EtcdMembers(Connect(), NullLogger.Instance));

    [TearDown]
    public async Task Stop()
    {
        foreach (var registration in _registrations)
            await registration.DisposeAsync();
        _registrations.Clear();
        await _list.DisposeAsync();
    }

    [Test]
    public async Task Watch_Registered_IsThereWithAllThatIsKnown()
    {
        var member = Member("a") with { Position = 5 };
        Register(member);
        await _list.WaitForAsync(members => members is [var seen] && seen == member);
    }

    [Test]
    public async Task Watch_SeveralComeAndGo_EachIsSeen()
    {
        Register(Member("a"));
        var b = Register(Member("b"));
        await _list.WaitForAsync(members => Ids(members) == "a b");
        // Removed at once, not only when its lease runs out.
        await b.DisposeAsync();
        await _list.WaitForAsync(members => Ids(members) == "a");
        Register(Member("c"));
        await _list.WaitForAsync(members => Ids(members) == "a c");
    }

    [Test]
    public async Task Watch_ValueChanges_IsSeen()
    {
        var a = Register(Member("a"));
        await _list.WaitForAsync(members => Ids(members) == "a");
        a.Self = a.Self with { Position = 17 };
        await _list.WaitForAsync(members => members is [{ Position: 17 }]);
    }

    [Test]
    public async Task Watch_FrozenMember_IsGoneUntilItWakesUp()
    {
        var a = Register(Member("a"));
        await _list.WaitForAsync(members => Ids(members) == "a");
        a.IsAwake.Reset();
        await _list.WaitForAsync(members => Ids(members) == "");
        a.IsAwake.Set();
        await _list.WaitForAsync(members => Ids(members) == "a");
    }

    [Test]
    public async Task Register_SameAddress_RemovesEarlierOnes()
    {
        var old = Register(Member("old") with { Address = "10.0.0.1:80" });
        Register(Member("other"));
        await _list.WaitForAsync(members => Ids(members) == "old other");
        // It has died, and its lease has not run out yet.
        old.IsAwake.Reset();
        Register(Member("young") with { Address = "10.0.0.1:80" });
        await _list.WaitForAsync(members => Ids(members) == "other young");
        old.IsAwake.Set();
    }

    [Test]
    public async Task Register_KeyDeleted_IsWrittenAgain()
    {
        var log = new RecordingLog();
        Register(Member("a"), log);
        await _list.WaitForAsync(members => Ids(members) == "a");
        var connection = Connect();
        var key = ByteString.CopyFromUtf8($"/{connection.Options.Name}/node/a");
        // Again and again: on a busy machine the lease may have run out at the first time.
        await TestWait.UntilAsync(async () =>
        {
            await connection.ReadAsync((etcd, options) =>
                etcd.Kv.DeleteRangeAsync(new DeleteRangeRequest { Key = key }, options).ResponseAsync, default);
            return log.Entries.Any(entry => entry.Id == RegistrationDeleted);
        }, "the deletion is noticed");
        await TestWait.UntilAsync(async () =>
        {
            var found = await connection.ReadAsync((etcd, options) =>
                etcd.Kv.RangeAsync(new RangeRequest { Key = key }, options).ResponseAsync, default);
            return found.Kvs is [{ Lease: not 0 }];
        }, "it is registered again, under a lease");
        Assert.That(log.Entries[0].Text, Does.Contain(" 127.0.0.1:a "));
    }

    [Test]
    public async Task Register_TwoLiveServersAtOneAddress_BothStayAndSaySo()
    {
        var (oldLog, youngLog) = (new RecordingLog(), new RecordingLog());
        var old = Register(Member("old") with { Address = "10.0.0.1:80" }, oldLog);
        await _list.WaitForAsync(members => Ids(members) == "old");
        var young = Register(Member("young") with { Address = "10.0.0.1:80" }, youngLog);
        // Each of these is one renewal of both, or more; the first may be before they know of each other.
        for (var position = 1; position <= 4; position++)
        {
            old.Self = old.Self with { Position = position };
            young.Self = young.Self with { Position = position };
            await _list.WaitForAsync(members => Ids(members) == "old young"
                && members.All(member => member.Position == position));
        }

        using (Assert.EnterMultipleScope())
        {
            // On a busy machine a lease may run out: the first may be gone already, and each may say twice that the
            // address is shared.
            Assert.That(oldLog.Entries.Count(entry => entry.Id == RegistrationDeleted), Is.LessThanOrEqualTo(1));
            Assert.That(youngLog.Entries.Count(entry => entry.Id == RegistrationDeleted), Is.Zero);
            Assert.That(SharedIn(oldLog), Has.Some.StartsWith("Server young is registered at 10.0.0.1:80, "));
            Assert.That(SharedIn(youngLog), Has.Some.StartsWith("Server old is registered at 10.0.0.1:80, "));
        }
    }

    private Registration Register(ClusterMember self, ILogger? log = null)
    {
        var registration = new Registration(new EtcdMembers(Connect(), log ?? NullLogger.Instance), self);
        _registrations.Add(registration);
        return registration;
    }

    private static IEnumerable<string> SharedIn(RecordingLog log) =>
        log.Entries.Where(entry => entry.Id == AddressShared).Select(entry => entry.Text);

    private static string Ids(IReadOnlyList<ClusterMember> members) =>
        string.Join(' ', members.Select(member => member.Id));

    private static ClusterMember Member(string id) =>
        ClusterPieces.Member(id, $"127.0.0.1:{id}") with { StartedAt = StartedAt };
}
