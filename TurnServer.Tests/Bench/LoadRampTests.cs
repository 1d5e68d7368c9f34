using TurnServer.Bench.Load;

namespace TurnServer.Tests.Bench;

public sealed class LoadRampTests
{
    [TestCase("10..1000", new[] { 10, 20, 50, 100, 200, 500, 1000 })]
    [TestCase("30..400", new[] { 30, 50, 100, 200, 400 })]
    [TestCase("7..7", new[] { 7 })]
    public void Steps_OfARange_AreBothEndsAndRoundNumbersBetween(string text, int[] steps) =>
        Assert.That(Ramp.Parse(text).Value?.Steps, Is.EqualTo(steps));

    [TestCase("10")]
    [TestCase("10..")]
    [TestCase("10..5")]
    [TestCase("1..10")]
    [TestCase("10..20..30")]
    public void Parse_AnythingElse_SaysWhatToGive(string text) =>
        Assert.That(Ramp.Parse(text).Expected, Is.Not.Null);

    [Test]
    public void StepDuration_OfSevenSteps_IsASeventhOrTheMinimum()
    {
        var ramp = Ramp.Parse("10..1000").Value!;
        Assert.Multiple(() =>
        {
            Assert.That(ramp.StepDuration(TimeSpan.FromSeconds(70)), Is.EqualTo(TimeSpan.FromSeconds(10)));
            Assert.That(ramp.StepDuration(TimeSpan.FromSeconds(7)), Is.EqualTo(TimeSpan.FromSeconds(2)));
        });
    }
}
