using System.CommandLine;
using System.Globalization;
using SharpFuzz;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Fuzz;

/// <summary>What <c>./run.sh fuzz</c> calls (fuzz.sh): not for people.</summary>
internal static class FuzzCommands
{
    /// <summary>What AFL++ runs: judges input after input, and crashes on one that is judged wrong.</summary>
    public static Command CreateTarget()
    {
        var command = new Command("fuzz-target", "judge what AFL++ sends") { Hidden = true };
        command.SetAction(_ => Fuzzer.OutOfProcess.Run(input =>
        {
            using var copy = new MemoryStream();
            input.CopyTo(copy);
            if (ParserOracle.Judge(copy.ToArray()) is { } wrong)
                throw new InvalidOperationException(wrong);
        }));
        return command;
    }

    /// <summary>Writes what to start from, whole requests, and a dictionary of what to put in, for AFL++.</summary>
    public static Command CreateSeeds()
    {
        var directory = new Argument<string>("directory");
        var dictionary = new Argument<string>("dictionary");
        var command = new Command("fuzz-seeds", "write what to start from") { directory, dictionary };
        command.Hidden = true;
        command.SetAction(result =>
        {
            var number = 0;
            foreach (var seed in ParserInputs.Seeds())
            {
                var name = (++number).ToString("00", CultureInfo.InvariantCulture);
                File.WriteAllBytes(Path.Combine(result.GetValue(directory)!, name), seed);
            }

            File.WriteAllLines(result.GetValue(dictionary)!, ParserInputs.Tokens().Select(token =>
                $"\"{string.Concat(token.Select(value => $"\\x{value:x2}"))}\""));
        });
        return command;
    }

    /// <summary>Shows what was found, as a test can be made of it: shrunk, in hexadecimal, and what is wrong.</summary>
    public static Command CreateShow()
    {
        var files = new Argument<string[]>("files");
        var command = new Command("fuzz-show", "show inputs that were judged wrong") { files };
        command.Hidden = true;
        command.SetAction(result =>
        {
            foreach (var file in result.GetValue(files)!)
                Console.WriteLine(Show(File.ReadAllBytes(file)));
        });
        return command;
    }

    /// <summary>The input, shrunk, as people read it and as a test can hold it.</summary>
    internal static string Show(byte[] input)
    {
        var shrunk = ByteShrinker.Shrink(input, bytes => ParserOracle.Judge(bytes) is not null);
        return $"{Convert.ToHexString(shrunk)} ({Printable.Of(shrunk)}): {ParserOracle.Judge(shrunk) ?? "all is well"}";
    }
}
