using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Client;

/// <summary>What each error of the server means to a player.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TurnFaultTests
{
    private static readonly (int Error, int? Detail, TurnFaultKind Kind, string Text)[] Golden =
    [
        (1, null, TurnFaultKind.InvalidRequest, "no usable length"),
        (2, null, TurnFaultKind.InvalidRequest, "empty or not UTF-8"),
        (3, null, TurnFaultKind.InvalidRequest, "does not know this player's address"),
        (4, null, TurnFaultKind.InvalidRequest, "request is malformed"),
        (4, 0, TurnFaultKind.InvalidRequest, "symbol"),
        (4, 1, TurnFaultKind.InvalidRequest, "player is not 0 or 1"),
        (4, 2, TurnFaultKind.InvalidRequest, "counter or token"),
        (4, 3, TurnFaultKind.InvalidRequest, "key is malformed"),
        (4, 4, TurnFaultKind.InvalidRequest, "fields"),
        (5, null, TurnFaultKind.RegistrationGone, "does not know this registration"),
        (7, null, TurnFaultKind.InvalidRequest, "invalid name"),
        (9, 2, TurnFaultKind.PartnerLeftEarly, "left before the game"),
        (10, null, TurnFaultKind.RegistrationGone, "out of step"),
        (11, null, TurnFaultKind.ServerFull, "more players"),
        (12, null, TurnFaultKind.ServerFull, "more games"),
        (13, null, TurnFaultKind.SeatGone, "does not know this game"),
        (14, null, TurnFaultKind.SeatGone, "has left the game"),
        (15, null, TurnFaultKind.PartnerLeft, "fell silent"),
        (15, 5, TurnFaultKind.PartnerLeft, "partner has left"),
        (16, null, TurnFaultKind.InvalidRequest, "invalid name of the partner"),
        (17, null, TurnFaultKind.RegistrationGone, "left before the game, which ended this registration"),
        (18, null, TurnFaultKind.OutOfStep, "later turn"),
        (19, null, TurnFaultKind.OutOfStep, "has not taken"),
        (20, null, TurnFaultKind.InvalidRequest, "longer than 16384 bytes"),
        (21, null, TurnFaultKind.ServerBusy, "has not collected"),
        (22, null, TurnFaultKind.ServerBusy, "from this address"),
        (23, null, TurnFaultKind.ServerBusy, "overloaded or cannot write its state"),
    ];

    [TestCaseSource(nameof(Golden))]
    public void Each_error_has_its_kind_and_meaning((int Error, int? Detail, TurnFaultKind Kind, string Text) golden)
    {
        var fault = TurnFault.Of((ErrorCode)golden.Error, (byte?)golden.Detail);
        Assert.That((fault.Kind, (int)fault.Error, (int?)fault.Detail),
            Is.EqualTo((golden.Kind, golden.Error, golden.Detail)));
        Assert.That(fault.Meaning, Does.Contain(golden.Text).And.Not.EndsWith("."));
        Assert.That(fault.HasPartnerQuit, Is.EqualTo(golden is (15, 5, _, _)));
    }

    [Test]
    public void Every_error_has_a_meaning() =>
        Assert.That(Golden.Select(golden => (ErrorCode)golden.Error).Distinct(),
            Is.EqualTo(Enum.GetValues<ErrorCode>().Where(error => error != ErrorCode.None)));

    [Test]
    public void A_result_has_a_value_or_a_fault()
    {
        TurnResult<int> good = 7;
        TurnResult<int> bad = TurnFault.Of(ErrorCode.NoGame, null);
        Assert.That((good.Fault, good.Value), Is.EqualTo(((TurnFault?)null, 7)));
        Assert.That(() => bad.Value, Throws.InvalidOperationException.With.Message.EqualTo(bad.Fault!.Meaning));
    }
}
