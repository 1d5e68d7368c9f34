namespace TurnServer.Tests.Simulation;

/// <summary>
/// Makes a failing history shorter while it still fails: removes ever smaller runs of steps, then simplifies the
/// remaining ones.
/// </summary>
internal static class Shrinker
{
    private const int AttemptsMax = 4_000;

    public static Failure Shrink(HistoryPlan plan, Exception fault, ServerFactory createServer, long historiesBefore,
        bool shrinks = true)
    {
        var world = plan.World;
        var attempts = 0;
        var steps = plan.Steps.ToList();
        if (shrinks)
            steps = RemoveRuns(Simplify(RemoveRuns(steps, Fails), Fails), Fails);
        var trace = new Trace();
        var last = Try(world, steps, createServer, trace) ?? fault;
        return new Failure
        {
            Seed = world.Seed,
            HistoriesBefore = historiesBefore,
            StepsDrawn = plan.Steps.Count,
            Steps = steps,
            World = world,
            Fault = last,
            Lines = trace.Lines,
        };

        bool Fails(List<Step> candidate) =>
            ++attempts <= AttemptsMax && Try(world, candidate, createServer, null) is not null;
    }

    private static Exception? Try(World world, List<Step> steps, ServerFactory createServer, Trace? trace)
    {
        try
        {
            History.Play(world, steps, createServer(world), trace);
            return null;
        }
        catch (Exception fault) when (Simulator.IsFinding(fault))
        {
            return fault;
        }
    }

    private static List<Step> RemoveRuns(List<Step> steps, Func<List<Step>, bool> fails)
    {
        for (var run = Math.Max(1, steps.Count / 2); ; run /= 2)
        {
            var wasShortened = false;
            for (var start = 0; start < steps.Count;)
            {
                var rest = steps.ToList();
                rest.RemoveRange(start, Math.Min(run, steps.Count - start));
                if (fails(rest))
                {
                    steps = rest;
                    wasShortened = true;
                }
                else
                {
                    start += run;
                }
            }

            if (run <= 1 && !wasShortened)
                return steps;
            run = Math.Max(run, 2);
        }
    }

    private static List<Step> Simplify(List<Step> steps, Func<List<Step>, bool> fails)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            Replace(i, step => step with { Transit = Transit.Fair });
            Replace(i, step => step with { Transit = step.Transit with { Copy = -1 } });
            Replace(i, step => step with { AtMs = i == 0 ? 0 : steps[i - 1].AtMs });
        }

        return steps;

        void Replace(int index, Func<Step, Step> change)
        {
            var simpler = change(steps[index]);
            if (simpler == steps[index])
                return;
            var candidate = steps.ToList();
            candidate[index] = simpler;
            if (fails(candidate))
                steps = candidate;
        }
    }
}
