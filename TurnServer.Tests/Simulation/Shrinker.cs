namespace TurnServer.Tests.Simulation;

/// <summary>
/// Makes a failing history shorter for as long as it still fails: leaves out acts, ever smaller runs of them, and then
/// makes those that are left plainer.
/// </summary>
internal static class Shrinker
{
    private const int AttemptsMax = 4_000;

    public static Failure Shrink(Script script, Exception fault, ServerMaker maker, long historiesBefore,
        bool shrinks = true)
    {
        var world = script.World;
        var attempts = 0;
        var acts = script.Acts.ToList();
        if (shrinks)
            acts = LeaveOut(MakePlainer(LeaveOut(acts, Fails), Fails), Fails);
        var trace = new Trace();
        var last = Try(world, acts, maker, trace) ?? fault;
        return new Failure
        {
            Seed = world.Seed,
            HistoriesBefore = historiesBefore,
            ActsDrawn = script.Acts.Count,
            Acts = acts,
            World = world,
            Fault = last,
            Lines = trace.Lines,
        };

        bool Fails(List<Act> candidate) => ++attempts <= AttemptsMax && Try(world, candidate, maker, null) is not null;
    }

    private static Exception? Try(World world, List<Act> acts, ServerMaker maker, Trace? trace)
    {
        try
        {
            History.Play(world, acts, maker(world), trace);
            return null;
        }
        catch (Exception fault) when (Simulator.IsFinding(fault))
        {
            return fault;
        }
    }

    private static List<Act> LeaveOut(List<Act> acts, Func<List<Act>, bool> fails)
    {
        for (var run = Math.Max(1, acts.Count / 2); ; run /= 2)
        {
            var wasShortened = false;
            for (var start = 0; start < acts.Count;)
            {
                var rest = acts.ToList();
                rest.RemoveRange(start, Math.Min(run, acts.Count - start));
                if (fails(rest))
                {
                    acts = rest;
                    wasShortened = true;
                }
                else
                {
                    start += run;
                }
            }

            if (run <= 1 && !wasShortened)
                return acts;
            run = Math.Max(run, 2);
        }
    }

    private static List<Act> MakePlainer(List<Act> acts, Func<List<Act>, bool> fails)
    {
        for (var i = 0; i < acts.Count; i++)
        {
            Replace(i, act => act with { Fate = Fate.Fair });
            Replace(i, act => act with { Fate = act.Fate with { Copy = -1 } });
            Replace(i, act => act with { AtMs = i == 0 ? 0 : acts[i - 1].AtMs });
        }

        return acts;

        void Replace(int index, Func<Act, Act> change)
        {
            var plainer = change(acts[index]);
            if (plainer == acts[index])
                return;
            var candidate = acts.ToList();
            candidate[index] = plainer;
            if (fails(candidate))
                acts = candidate;
        }
    }
}
