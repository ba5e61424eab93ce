// What @jupyter/builder adds to its own configuration: TypeScript, compiled by rspack itself.

function compiled(test, syntax) {
  return {
    test,
    loader: 'builtin:swc-loader',
    options: {
      jsc: {
        parser: { syntax: 'typescript', ...syntax },
        // React.createElement: JupyterLab shares 'react' and 'react-dom', but not
        // 'react/jsx-runtime', which would bring a second React into the bundle.
        transform: { react: { runtime: 'classic' } },
        target: 'es2022',
      },
    },
    type: 'javascript/auto',
  };
}

module.exports = {
  resolve: { extensions: ['.ts', '.tsx', '.js'] },
  module: { rules: [compiled(/\.ts$/, { tsx: false }), compiled(/\.tsx$/, { tsx: true })] },
};
