using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The numbers on the wire. A failure here means that the protocol has changed.</summary>
public sealed class WireNumbersTests
{
    [Test]
    public void Symbol_NumbersAreThoseOfTheWire() => Assert.That(Numbers<Symbol>(), Is.EqualTo(
        "Register=0 Unregister=1 RequestPair=2 MapInit=3 MapReady=4 GameQuit=5 GameUpdate=6"));

    [Test]
    public void ReplyCode_NumbersAreThoseOfTheWire() => Assert.That(Numbers<ReplyCode>(), Is.EqualTo(
        "RegisterOk=0 UnregisterOk=1 Pairing=2 StartServer=3 StartClient=4 InitServer=5 InitClient=6 PartnerLoad=7 "
        + "StartPlay=8 GameData=9 GameNoData=10 GameRedundant=11"));

    [Test]
    public void ErrorCode_NumbersAreThoseOfTheWire() => Assert.That(Numbers<ErrorCode>(), Is.EqualTo(
        "None=0 BadContentLength=1 NoPostData=2 NoClientAddress=3 PostDataFormat=4 NotRegistered=5 RegisterFail=7 "
        + "PartnerDrop=9 Dropped=10 PairingKeysMaxed=11 GameKeysMaxed=12 NoGame=13 NoPlayerSelf=14 NoPlayerPartner=15 "
        + "BadPartnerName=16 KnownPartnerDrop=17 PlayerStateBehind=18 PlayerStateAhead=19 OverContentLength=20 "
        + "GameCacheMaxed=21 RateLimited=22 ServerBusy=23"));

    [Test]
    public void FormatFault_NumbersAreThoseOfTheWire() => Assert.That(Numbers<FormatFault>(), Is.EqualTo(
        "Symbol=0 Player=1 Counter=2 Key=3 FieldCount=4"));

    [Test]
    public void ProtocolLimits_AreThoseOfTheProtocolPage()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ProtocolLimits.BodyBytesMax, Is.EqualTo(16384));
            Assert.That(ProtocolLimits.NameCharactersMax, Is.EqualTo(64));
            Assert.That(ProtocolLimits.TokenCharactersMax, Is.EqualTo(64));
            Assert.That(ProtocolLimits.BacklogBytesMax, Is.EqualTo(131072));
            Assert.That(ProtocolLimits.KeyEnd, Is.EqualTo(9007199254740992));
        }
    }

    private static string Numbers<T>()
        where T : struct, Enum =>
        string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={value:D}"));
}
