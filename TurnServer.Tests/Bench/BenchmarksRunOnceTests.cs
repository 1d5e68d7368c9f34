using System.Reflection;
using BenchmarkDotNet.Attributes;
using TurnServer.Bench.Rules;

namespace TurnServer.Tests.Bench;

/// <summary>Calls every benchmark once, without measuring, so that none breaks unnoticed.</summary>
public sealed class BenchmarksRunOnceTests
{
    // Larger inputs only take longer.
    private const int SmallMax = 10_000;

    private static IEnumerable<TestCaseData> Benchmarks =>
        from type in typeof(UpdateBenchmarks).Assembly.GetExportedTypes()
        from method in type.GetMethods()
        where method.IsDefined(typeof(BenchmarkAttribute))
        from parameters in SmallParameters(type)
        select new TestCaseData(method, parameters)
            .SetArgDisplayNames([method.Name, .. parameters.Select(set => $"{set.Property.Name}={set.Value}")]);

    [TestCaseSource(nameof(Benchmarks))]
    public async Task Benchmark_CalledOnce_Runs(MethodInfo benchmark, IReadOnlyList<Parameter> parameters)
    {
        var instance = Activator.CreateInstance(benchmark.ReflectedType!)!;
        foreach (var (property, value) in parameters)
            property.SetValue(instance, value);
        await CallAllAsync<GlobalSetupAttribute>(instance);
        await CallAsync(benchmark, instance);
        await CallAllAsync<GlobalCleanupAttribute>(instance);
    }

    [Test]
    public void Benchmark_OfEveryClass_HasAMemoryDiagnoser()
    {
        var without = Benchmarks.Select(test => ((MethodInfo)test.Arguments[0]!).ReflectedType!)
            .Where(type => !type.IsDefined(typeof(MemoryDiagnoserAttribute)));
        Assert.That(without, Is.Empty);
    }

    // Every combination of a class's small parameter values.
    private static IEnumerable<IReadOnlyList<Parameter>> SmallParameters(Type type)
    {
        IEnumerable<IReadOnlyList<Parameter>> sets = [[]];
        foreach (var property in type.GetProperties())
        {
            if (property.GetCustomAttribute<ParamsAttribute>() is not { } values)
                continue;
            var small = values.Values.Where(value => value is not int number || number <= SmallMax).ToList();
            sets = sets.SelectMany(set => small.Select(value => new Parameter(property, value)),
                IReadOnlyList<Parameter> (set, parameter) => [.. set, parameter]).ToList();
        }

        return sets;
    }

    private static async Task CallAllAsync<T>(object instance) where T : Attribute
    {
        foreach (var method in instance.GetType().GetMethods().Where(method => method.IsDefined(typeof(T))))
            await CallAsync(method, instance);
    }

    private static async Task CallAsync(MethodInfo method, object instance)
    {
        if (method.Invoke(instance, null) is Task task)
            await task;
    }

    public readonly record struct Parameter(PropertyInfo Property, object? Value);
}
