using CsCheck;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Rules;

/// <summary>Compares the backlog with two plain lists of turns.</summary>
public sealed class BacklogTests
{
    private static readonly Gen<(int What, int Length)> AnyAct = Gen.Select(Gen.Int[0, 9],
        Gen.OneOf(Gen.Int[1, 20], Gen.Int[1, 500], Gen.Int[10_000, 16_384]));

    [Test]
    public void Backlog_AfterAnyOperations_EqualsPlainLists() => AnyAct.Array[1, 80].Sample(acts =>
    {
        var backlog = default(Backlog);
        var block = new List<byte[]>();
        var waiting = new List<byte[]>();
        byte mark = 0;
        foreach (var (what, length) in acts)
        {
            var fits = Joined([.. block, .. waiting, new byte[length]]).Length <= ProtocolLimits.BacklogBytesMax;
            Assert.That(backlog.Fits(length), Is.EqualTo(fits));
            switch (what)
            {
                case <= 5 when fits:
                    var turn = new byte[length];
                    Array.Fill(turn, ++mark);
                    backlog.Append(turn);
                    waiting.Add(turn);
                    break;
                case 6 or 7:
                    backlog.HandOut();
                    block.AddRange(waiting);
                    waiting.Clear();
                    break;
                case 8:
                    backlog.Acknowledge(null);
                    block.Clear();
                    break;
                case 9 when length > 1:
                    backlog.Acknowledge(length);
                    var received = 0;
                    while (received < block.Count && Joined([.. block[..(received + 1)]]).Length <= length)
                        received++;
                    waiting.InsertRange(0, block[received..]);
                    block.Clear();
                    break;
                case 9 when length == 1:
                    backlog.Clear();
                    block.Clear();
                    waiting.Clear();
                    break;
                default:
                    break;
            }

            Assert.That(backlog.Length, Is.EqualTo(Joined([.. block, .. waiting]).Length));
            Assert.That(backlog.HasWaiting, Is.EqualTo(waiting.Count > 0));
            Assert.That(backlog.Block.Span.SequenceEqual(Joined(block)), "the block");
        }
    }, iter: 200, threads: 1);

    [TestCase(ProtocolLimits.BacklogBytesMax, true)]
    [TestCase(ProtocolLimits.BacklogBytesMax + 1, false)]
    public void Fits_WhenEmpty_AllowsUpToTheLimit(int length, bool fits) =>
        Assert.That(default(Backlog).Fits(length), Is.EqualTo(fits));

    [TestCase(ProtocolLimits.BacklogBytesMax - 4, true)]
    [TestCase(ProtocolLimits.BacklogBytesMax - 3, false)]
    public void Fits_AfterATurn_CountsTheSeparator(int length, bool fits)
    {
        var backlog = default(Backlog);
        backlog.Append("abc"u8);
        Assert.That(backlog.Fits(length), Is.EqualTo(fits));
    }

    [Test]
    public void Clear_RemovesAllTurns()
    {
        var backlog = default(Backlog);
        backlog.Append("abc"u8);
        backlog.HandOut();
        backlog.Append("de"u8);
        backlog.Clear();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(backlog.Length, Is.Zero);
            Assert.That(backlog.HasWaiting, Is.False);
            Assert.That(backlog.Block.IsEmpty);
        }
    }

    private static byte[] Joined(List<byte[]> turns)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < turns.Count; i++)
        {
            if (i > 0)
                bytes.Add((byte)'|');
            bytes.AddRange(turns[i]);
        }

        return [.. bytes];
    }
}
