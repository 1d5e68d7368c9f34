using System.Globalization;
using System.Text.RegularExpressions;
using TurnServer.Admin.Page;

namespace TurnServer.Tests.Admin;

/// <summary>The status page's colours contrast with their background (WCAG 2.2, 1.4.3 and 1.4.11).</summary>
internal sealed class StatusColorTests
{
    private const double TextContrast = 4.5;
    private const double ShapeContrast = 3;

    private static readonly string[] Texts = ["ink", "soft", "good", "bad", "unsure", "c1"];
    private static readonly string[] Shapes = ["c1", "c2", "c3", "c4", "c5"];

    [TestCase(0)]
    [TestCase(1)]
    public void Every_color_contrasts_with_its_background(int scheme)
    {
        var colors = Schemes()[scheme];
        using (Assert.EnterMultipleScope())
        {
            foreach (var ground in new[] { "page", "card" })
            {
                foreach (var text in Texts)
                {
                    Assert.That(Contrast(colors[text], colors[ground]), Is.GreaterThan(TextContrast),
                        $"{text} on {ground}");
                }
            }

            foreach (var shape in Shapes)
                Assert.That(Contrast(colors[shape], colors["card"]), Is.GreaterThan(ShapeContrast), shape);
            foreach (var wash in new[] { "bad-wash", "unsure-wash" })
                Assert.That(Contrast(colors["ink"], colors[wash]), Is.GreaterThan(TextContrast), wash);
        }
    }

    // Light, then dark.
    private static List<Dictionary<string, string>> Schemes()
    {
        return [.. StatusPage.BaseStyle.Split(":root {").Skip(1).Take(2).Select(block => Regex
            .Matches(block.Split('}')[0], "--([a-z0-9-]+): #([0-9a-f]{6});")
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value))];
    }

    private static double Contrast(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(string color)
    {
        double[] weights = [0.2126, 0.7152, 0.0722];
        return weights.Select((weight, i) =>
        {
            var part = int.Parse(color.AsSpan(2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return weight * (part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4));
        }).Sum();
    }
}
