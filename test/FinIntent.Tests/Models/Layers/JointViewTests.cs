using FinIntent.Models;
using FinIntent.Models.Layers;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Layers;

[Collection(TorchRandomCollection.Name)]
public sealed class JointViewTests
{
    [Fact]
    public void Members_in_one_memory_are_one_tensor_for_as_long_as_they_lie_there()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var members = Linear.Joint(5, hasBias: true, Placement.Cpu(), 3, 2, 4);
        foreach (var member in members) member.Kernel.normal_();
        using var view = new JointView(members, m => m.Kernel);

        var first = view.Get()!;
        members[1].Kernel.fill_(7);

        Assert.Same(first, view.Get());
        Assert.Equal([9, 5], first.shape);
        Assert.True(first.equal(cat([.. members.Select(m => (Tensor)m.Kernel)], 0)).all().item<bool>());

        members[1].Kernel.set_(ones(2, 5));
        Assert.Null(view.Get());
        Assert.Null(view.Get());
    }

    [Fact]
    public void A_single_member_is_its_own_view()
    {
        using var scope = NewDisposeScope();
        Linear[] members = [new(5, 3, hasBias: false, Placement.Cpu())];
        var view = new JointView(members, m => m.Kernel);

        Assert.Same(members[0].Kernel, view.Get());
        view.Dispose();
        Assert.Equal(15, members[0].Kernel.numel());
    }
}
