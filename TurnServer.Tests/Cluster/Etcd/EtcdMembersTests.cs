using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

internal sealed class EtcdMembersTests : EtcdFixture
{
    private static readonly DateTimeOffset StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly List<Registration> _registrations = [];
    private MemberList _list = null!;

    [SetUp]
    public void Watch() => _list = new MemberList(new EtcdMembers(Connect()));

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

    private Registration Register(ClusterMember self)
    {
        var registration = new Registration(new EtcdMembers(Connect()), self);
        _registrations.Add(registration);
        return registration;
    }

    private static string Ids(IReadOnlyList<ClusterMember> members) =>
        string.Join(' ', members.Select(member => member.Id));

    private static ClusterMember Member(string id) => new()
    {
        Id = id,
        Address = $"127.0.0.1:{id}",
        Token = "secret",
        Version = "1.0.0",
        StartedAt = StartedAt,
    };
}
