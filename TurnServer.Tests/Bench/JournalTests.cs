using TurnServer.Bench.Journal;
using TurnServer.Bench.Journal.Survival;
using TurnServer.Journal;

namespace TurnServer.Tests.Bench;

/// <summary>Runs <c>bench journal</c> briefly, and tests its judge.</summary>
internal sealed class JournalTests
{
    [Test]
    [Category("Slow")]
    public void Journal_RunBriefly_PrintsEachFigureOfEachContender()
    {
        using var output = new StringWriter();
        var options = new JournalBenchOptions(TimeSpan.FromMilliseconds(1), 1, 1024, Path.GetTempPath());
        Assert.That(JournalCommand.Run(options, output), Is.Zero);
        foreach (var mode in new[] { "none", "batch", "always" })
        {
            Assert.That(output.ToString(), Does.Match($@"(?m)^{mode}, batches of 64 .*\n"
                + @"own files +[\d.]+ +[\d.]+ +[\d.]+\nFasterLog +[\d.]+ +[\d.]+ +[\d.]+  [\d.]+ \(.*\n"
                + @"SQLite, WAL +[\d.]+ +[\d.]+ +[\d.]+  [\d.]+ \("));
        }

        Assert.That(output.ToString(), Does.Match(@"(?m)^SQLite, integrity_check +[1-9][\d.]* +[\d.]+  [\d.]+ \("));
    }

    // 8 processes and about ten thousand records.
    [Test, Category("Slow")]
    public async Task Survival_OfOwnFiles_LosesNothingSilently()
    {
        using var output = new StringWriter();
        var options = new SurvivalOptions(Trials: 5, Kills: 1, Seed: 1, Path.GetTempPath());
        Assert.That(await SurvivalCommand.RunAsync(options, output), Is.Zero);
        var rows = output.ToString().Split('\n').Where(line => line.StartsWith("own files", StringComparison.Ordinal))
            .Select(line => line["own files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.That(rows, Has.Count.EqualTo(7), output.ToString());
        Assert.That(rows.Select(row => string.Join(' ', row.Skip(3))), Is.All.EqualTo("- - - - -"), output.ToString());
        Assert.That(output.ToString(), Does.Match(@"(?m)^SQLite, WAL +\d.*\n"), output.ToString());
    }

    [TestCase("0 1 2 3", null, ExpectedResult = Outcome.Complete)]
    [TestCase("0 1 2", null, ExpectedResult = Outcome.Complete, Description = "as many as promised")]
    [TestCase("0 1", null, ExpectedResult = Outcome.TailLost)]
    [TestCase("0 1", "cut off", ExpectedResult = Outcome.TailLossReported)]
    [TestCase("0 2 3", null, ExpectedResult = Outcome.MiddleLost)]
    [TestCase("0 2 3", "cut off", ExpectedResult = Outcome.MiddleLost, Description = "the warning is about the tail")]
    [TestCase("1 2 3", null, ExpectedResult = Outcome.MiddleLost)]
    [TestCase("0 1 1 2 3", null, ExpectedResult = Outcome.Altered)]
    [TestCase("0 2 1 3", null, ExpectedResult = Outcome.Altered)]
    [TestCase("", null, ExpectedResult = Outcome.TailLost)]
    public Outcome Judge_OfRecordsRead_ReturnsOutcome(string numbers, string? warning) =>
        Judge.Of(new ReadResult([.. numbers.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(number => Record(int.Parse(number, null)))], warning), promised: 3);

    [Test]
    public void Judge_OfARecordWithOneFlippedBit_ReturnsAltered([Values(0, 4, 19)] int at)
    {
        var flipped = Record(1);
        flipped[at] ^= 0x10;
        Assert.That(Judge.Of(new ReadResult([Record(0), flipped, Record(2)], null), promised: 3),
            Is.EqualTo(Outcome.Altered));
    }

    [Test]
    public void Damage_OfAnyKind_ChangesTheFiles()
    {
        using var root = new ScratchDirectory(Path.GetTempPath());
        var state = WrittenState.Write(Contenders.Survivors[0][0], StateSync.Batch, 700, 800, new Random(1), root.Path);
        foreach (var damage in Damage.All)
        {
            var (files, promised) = damage.Inflict(state, new Random(2));
            Assert.That(promised, Is.EqualTo(damage.PowerWasLost ? 700 : 800), damage.Name);
            Assert.That(files.Files.Count != state.After.Files.Count
                || state.After.Files.Any(file => !file.Value.AsSpan().SequenceEqual(files.Files[file.Key])),
                Is.True, damage.Name);
        }
    }

    private static byte[] Record(int number) =>
        RecordSeries.Write(number, new byte[RecordSeries.BytesMax]).ToArray();
}
