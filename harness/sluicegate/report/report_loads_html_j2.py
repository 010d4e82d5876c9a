"""report_loads.html.j2, compiled by `python -m sluicegate.report.templates`: change the template instead."""

compiled_by = '3.1.6'

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'report_loads.html.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_over_time = missing
    try:
        t_1 = environment.tests['none']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No test named 'none' found.")
    pass
    def macro(l_1_load, l_1_id):
        t_2 = []
        if l_1_load is missing:
            l_1_load = undefined("parameter 'load' was not provided", name='load')
        if l_1_id is missing:
            l_1_id = undefined("parameter 'id' was not provided", name='id')
        pass
        t_2.extend((
            '<svg class="load" width="100%" height="132" viewBox="0 0 100 132" preserveAspectRatio="none" role="img" aria-labelledby="load-',
            escape(l_1_id),
            '-t load-',
            escape(l_1_id),
            '-d">\n<title id="load-',
            escape(l_1_id),
            '-t">Load ',
            escape(environment.getattr(l_1_load, 'name')),
            ': latency, and arrivals against plan, over time</title>\n<desc id="load-',
            escape(l_1_id),
            '-d">Marks above: p95 and p50, at most ',
            escape((environment.getattr(l_1_load, 'highest') or 'no answer')),
            '. Bars below: requests sent, failed ones at their foot, the plan as a line; at most ',
            escape(environment.getattr(l_1_load, 'most')),
            ' in a stretch. The table says the same.</desc>\n',
        ))
        for l_2_point in environment.getattr(l_1_load, 'points'):
            _loop_vars = {}
            pass
            if (not t_1(environment.getattr(l_2_point, 'p95_y'))):
                pass
                t_2.extend((
                    '<rect class="p95" x="',
                    escape(environment.getattr(l_2_point, 'x')),
                    '" width="',
                    escape(environment.getattr(l_2_point, 'width')),
                    '" y="',
                    escape((environment.getattr(l_2_point, 'p95_y') * 0.6)),
                    '" height="3"/>\n',
                ))
            if (not t_1(environment.getattr(l_2_point, 'p50_y'))):
                pass
                t_2.extend((
                    '<rect class="p50" x="',
                    escape(environment.getattr(l_2_point, 'x')),
                    '" width="',
                    escape(environment.getattr(l_2_point, 'width')),
                    '" y="',
                    escape((environment.getattr(l_2_point, 'p50_y') * 0.6)),
                    '" height="2"/>\n',
                ))
            t_2.extend((
                '<rect class="sent" x="',
                escape(environment.getattr(l_2_point, 'x')),
                '" width="',
                escape((environment.getattr(l_2_point, 'width') * 0.9)),
                '" y="',
                escape((130 - (environment.getattr(l_2_point, 'sent_h') * 0.55))),
                '" height="',
                escape((environment.getattr(l_2_point, 'sent_h') * 0.55)),
                '"/>\n',
            ))
            if environment.getattr(l_2_point, 'failed_h'):
                pass
                t_2.extend((
                    '<rect class="failed" x="',
                    escape(environment.getattr(l_2_point, 'x')),
                    '" width="',
                    escape((environment.getattr(l_2_point, 'width') * 0.9)),
                    '" y="',
                    escape((130 - (environment.getattr(l_2_point, 'failed_h') * 0.55))),
                    '" height="',
                    escape((environment.getattr(l_2_point, 'failed_h') * 0.55)),
                    '"/>\n',
                ))
            if environment.getattr(l_2_point, 'planned_h'):
                pass
                t_2.extend((
                    '<rect class="planned" x="',
                    escape(environment.getattr(l_2_point, 'x')),
                    '" width="',
                    escape((environment.getattr(l_2_point, 'width') * 0.9)),
                    '" y="',
                    escape((130 - (environment.getattr(l_2_point, 'planned_h') * 0.55))),
                    '" height="1"/>\n',
                ))
        l_2_point = missing
        t_2.append(
            '</svg>\n<ul class="legend"><li>p95 and p50 from the intended start',
        )
        if environment.getattr(l_1_load, 'highest'):
            pass
            t_2.extend((
                ', top ',
                escape(environment.getattr(l_1_load, 'highest')),
            ))
        t_2.extend((
            '</li><li>requests sent against the plan, top ',
            escape(environment.getattr(l_1_load, 'most')),
            ' a stretch</li></ul>\n',
        ))
        return concat(t_2)
    context.exported_vars.add('over_time')
    context.vars['over_time'] = l_0_over_time = Macro(environment, macro, 'over_time', ('load', 'id'), False, False, False, context.eval_ctx.autoescape)
    l_1_loop = missing
    for l_1_load, l_1_loop in LoopContext(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'loads'), undefined):
        _loop_vars = {}
        pass
        yield '<section aria-labelledby="load-'
        yield escape(environment.getattr(l_1_loop, 'index'))
        yield '">\n<h2 id="load-'
        yield escape(environment.getattr(l_1_loop, 'index'))
        yield '">Load '
        yield escape(environment.getattr(l_1_load, 'name'))
        yield '</h2>\n<p class="lede">'
        yield escape(environment.getattr(l_1_load, 'head'))
        yield '</p>\n<ul class="notes">\n'
        for l_2_fact in environment.getattr(l_1_load, 'facts'):
            _loop_vars = {}
            pass
            yield '<li>'
            yield escape(l_2_fact)
            yield '</li>\n'
        l_2_fact = missing
        yield '</ul>\n'
        yield escape(context.call((undefined(name='over_time') if l_0_over_time is missing else l_0_over_time), l_1_load, environment.getattr(l_1_loop, 'index'), _loop_vars=_loop_vars))
        yield '\n<table class="grid">\n<thead><tr>'
        for l_2_name in environment.getattr(l_1_load, 'header'):
            _loop_vars = {}
            pass
            yield '<th scope="col" class="number">'
            yield escape(l_2_name)
            yield '</th>'
        l_2_name = missing
        yield '</tr></thead>\n<tbody>\n'
        l_2_loop = missing
        for l_2_row, l_2_loop in LoopContext(environment.getattr(l_1_load, 'rows'), undefined):
            _loop_vars = {}
            pass
            yield '<tr>'
            l_3_loop = missing
            for l_3_cell, l_3_loop in LoopContext(l_2_row, undefined):
                _loop_vars = {}
                pass
                yield '<td data-label="'
                yield escape(environment.getitem(environment.getattr(l_1_load, 'header'), environment.getattr(l_3_loop, 'index0')))
                yield '" class="number">'
                yield escape(l_3_cell)
                yield '</td>'
            l_3_loop = l_3_cell = missing
            yield '</tr>\n'
        l_2_loop = l_2_row = missing
        yield '</tbody>\n</table>\n</section>\n'
    l_1_loop = l_1_load = missing

blocks = {}
debug_info = '1=19&2=28&3=32&4=36&5=43&6=46&7=50&9=57&10=61&12=70&13=79&14=83&16=92&17=96&21=107&23=122&24=126&25=128&26=132&28=134&29=138&32=142&34=144&36=153&37=158'
