using FinIntent.Generation;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>What a caller is told of an exception.</summary>
public sealed class ErrorAnswersTests
{
    /// <summary>The caller can do nothing about it, and a balancer should see it.</summary>
    [Fact]
    public void Scores_that_are_no_numbers_are_the_server_s_failure_and_not_the_caller_s()
    {
        var problem = Assert.Throws<UserErrorException>(() => new OptionReading([double.NaN, double.NaN], []));

        Assert.Equal(500, ErrorAnswers.ErrorOf(problem, new DefaultHttpContext()).Status);
    }
}
